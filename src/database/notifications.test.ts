import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { Notifications } from './notifications.ts'
import { openTestStore, type TestStore } from './testing/testStore.ts'

const LISTENERS = `from pg_stat_activity
  where datname = current_database() and application_name = 'signalbox-notifications'`

let store: TestStore
beforeAll(async () => {
  store = await openTestStore()
})
afterAll(() => store.drop())

test('a lost connection is reopened, reported, and receives notifications again', async () => {
  const { databaseUrl } = store
  const { database } = store.link()
  const errors: string[] = []
  const notifications = new Notifications({
    databaseUrl,
    database,
    onError: (error) => void errors.push(error.message),
  })
  onTestFinished(() => notifications.close())
  const received: string[] = []
  let connections = 0
  notifications.listen({
    received: (topic) => void received.push(topic),
    connected: () => void connections++,
  })
  await expect.poll(() => connections).toBe(1)
  await notifications.send(['a', 'b'])
  await expect.poll(() => received).toEqual(['a', 'b'])

  await database.pool.query(`select pg_terminate_backend(pid) ${LISTENERS}`)
  await expect.poll(() => connections, { timeout: 5_000 }).toBe(2)
  expect(errors).toHaveLength(1)
  await notifications.send(['c'])
  await expect.poll(() => received).toEqual(['a', 'b', 'c'])
})

test('close() closes the connection', async () => {
  const { databaseUrl } = store
  const { database } = store.link()
  const notifications = new Notifications({ databaseUrl, database, onError: () => undefined })
  const connected = new Promise<void>((resolve) =>
    notifications.listen({ received: () => undefined, connected: resolve }),
  )
  await connected
  await notifications.close()
  const listeners = async () => {
    const { rows } = await database.pool.query<{ count: number }>(
      `select count(*)::int as count ${LISTENERS}`,
    )
    return rows[0]?.count
  }
  await expect.poll(listeners).toBe(0)
})
