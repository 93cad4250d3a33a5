import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { newMessageId } from '../../message/ids.ts'
import { LANES } from '../../message/lane.ts'
import { claimDue, putLater, removeLeft } from '../../message/waitingMessageTable.ts'
import { submitQueue } from '../../queue/envelopeWire.ts'
import { PostgresQueue } from '../../queue/postgres/postgresQueue.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import { waitingFor } from './waitingFor.ts'

let store: TestStore
beforeAll(async () => {
  store = await openTestStore()
})
afterAll(() => store.drop())

test('the messages on all lanes of a connector are counted', async () => {
  const { database, wakeUps } = store.link()
  const queue = new PostgresQueue(database, wakeUps, 'one')
  const payload = Buffer.alloc(0)
  const queued = LANES.map((lane, index) => ({
    queue: submitQueue('sim', lane),
    payload,
    messages: 10 ** index,
  }))
  await queue.publish([...queued, { queue: submitQueue('other', 'high'), payload, messages: 5000 }])
  const later = LANES.map((lane) => ({
    envelopeId: newMessageId(),
    dueAtMs: Date.now() + 60_000,
    queue: submitQueue('sim', lane),
    payload,
    messages: 1000,
  }))
  await putLater(database.run, later)
  expect(await waitingFor(database, postgresUpkeep(database), 'connector', 'sim')).toBe(3111)
})

test('a message that moves to its queue during the count is counted', async () => {
  const { database, wakeUps } = store.link()
  const queue = new PostgresQueue(database, wakeUps, 'two')
  const name = submitQueue('moving', 'normal')
  const entry = { envelopeId: newMessageId(), queue: name, payload: Buffer.alloc(0), messages: 1 }
  await putLater(database.run, [{ ...entry, dueAtMs: Date.now() - 1 }])
  const upkeep = postgresUpkeep(database)
  const moving = {
    ...upkeep,
    messagesOn: async (queues: readonly string[]) => {
      const messages = await upkeep.messagesOn(queues)
      const due = await claimDue(database, 10, 60_000)
      await queue.publish(due)
      await removeLeft(database, due)
      return messages
    },
  }
  expect(await waitingFor(database, moving, 'connector', 'moving')).toBe(1)
})
