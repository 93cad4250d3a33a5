import { expect, onTestFinished, test, vi } from 'vitest'
import { openTestStore } from '../../database/testing/testStore.ts'
import { SteadyClock } from '../../flow/steadyClock.ts'
import { followDatabaseTime } from './followDatabaseTime.ts'

test('a worker whose machine has a wrong clock follows the time of the database', async () => {
  const store = await openTestStore()
  onTestFinished(() => store.drop())
  const { database } = store.link()
  const wrong = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000)
  const clock = new SteadyClock()
  wrong.mockRestore()
  onTestFinished(followDatabaseTime(clock, database, () => undefined))
  // The database runs on this machine, so its clock agrees with Date.now().
  await expect.poll(() => Math.abs(clock.nowMs() - Date.now())).toBeLessThan(1_000)
})
