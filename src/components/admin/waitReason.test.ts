import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { connectorSchema } from '../../platform/connector.ts'
import { writeResources } from '../../platform/resourceTable.ts'
import { waitReason } from './waitReason.ts'

let store: TestStore
let database: Database
beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
  const fields = { host: '127.0.0.1', port: 1, systemId: 's', password: 'x' }
  const connectors = [
    { id: 'up' },
    { id: 'down' },
    { id: 'paused', paused: true },
    { id: 'disabled', enabled: false },
  ]
  await writeResources(
    database,
    connectors.map((one) => {
      const spec = connectorSchema.parse({ ...fields, ...one })
      return { kind: 'connector', id: one.id, spec }
    }),
  )
  await database.pool.query(`
    insert into bind_slots (connector, slot, holder, held_until, bound)
      values ('up', 1, 'workers-1', now() + interval '1 min', true),
        ('down', 1, 'workers-1', now() + interval '1 min', false);
    insert into processes (component, instance, address) values ('workers', 'workers-1', '')`)
})
afterAll(() => store.drop())

test.each([
  ['up', 0, null, 'for its turn on the queue of up'],
  ['up', 3, null, 'for another attempt, after 3 that up refused or did not answer'],
  ['up', 1, new Date(), 'for the receipt of up'],
  ['down', 0, null, 'connector down has no bind up; `signalbox status` shows why'],
  ['paused', 2, null, 'connector paused is paused'],
  ['disabled', 0, null, 'connector disabled is disabled'],
  ['gone', 0, null, 'connector gone does not exist or cannot be read'],
])('a message for %s with %d attempts waits: %s', async (connector, attempts, at, reason) => {
  expect(await waitReason(database, { connector, attempts, submitted_at: at })).toBe(reason)
})
