import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { newMessageId } from '../../message/ids.ts'
import type { MessageAttempt } from '../../message/messageAttempt.ts'
import { connectorSchema } from '../../platform/connector.ts'
import { writeResources } from '../../platform/resourceTable.ts'
import { ESME_RTHROTTLED } from '../../smpp/index.ts'
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
  ['up', null, 'for its turn in the queue of connector up'],
  ['up', new Date(), 'for a delivery receipt from connector up'],
  ['down', null, 'connector down has no open bind; `signalbox status` shows why'],
  ['paused', null, 'connector paused is paused'],
  ['disabled', null, 'connector disabled is disabled'],
  ['gone', null, 'connector gone does not exist or cannot be read'],
])('a message for connector %s (submitted at %s) waits: %s', async (connector, at, reason) => {
  expect(await waitReason(database, { connector, submitted_at: at })).toBe(reason)
})

test('a message waits for its next attempt to be due, and then for its turn', async () => {
  const waiting = { connector: 'up', submitted_at: null }
  const last = (dueAtMs: number): MessageAttempt => ({
    messageId: newMessageId(),
    attempt: 3,
    connector: 'up',
    firstAtMs: 1,
    atMs: 1,
    commandStatus: ESME_RTHROTTLED,
    throttled: 5,
    unanswered: 0,
    linksLost: 0,
    dueAtMs,
  })
  const dueAtMs = Date.now() + 60_000
  expect(await waitReason(database, waiting, last(dueAtMs))).toBe(
    `for another attempt, due at ${new Date(dueAtMs).toISOString()}; attempt 3 ended with ` +
      'ESME_RTHROTTLED',
  )
  for (const due of [1, Date.now() - 1])
    expect(await waitReason(database, waiting, last(due))).toBe(
      'for its turn in the queue of connector up, or for an answer from it; ' +
        'attempt 3 ended with ESME_RTHROTTLED',
    )
})
