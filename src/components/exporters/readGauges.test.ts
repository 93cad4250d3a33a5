import { afterAll, beforeAll, expect, test } from 'vitest'
import { processList } from '../../cluster/processTable.ts'
import { readGauges } from './readGauges.ts'
import { writeResources } from '../../platform/resourceTable.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import { openTestStore } from '../../database/testing/testStore.ts'
import type { TestStore } from '../../database/testing/testStore.ts'

const connector = { host: 'x', port: 2775, systemId: 's', password: 'p' }
let store: TestStore
beforeAll(async () => {
  store = await openTestStore()
})
afterAll(() => store.drop())

const FILL = `
  insert into queue_envelopes (queue, payload, messages, published_at) values
    ('dlr', '', 10, now() - interval '5 s'), ('dlr', '', 20, now()), ('journal', '', 1, now());
  insert into later (envelope_id, due_at, queue, payload, messages)
    values (gen_random_uuid(), now(), 'submit.a.normal', '', 7);
  insert into dead_letters (queue, payload, reason, receives) values ('journal', '', 'harm', 3);
  insert into parked_receipts (connector, upstream_id, receipt, received_at, due_at)
    values ('a', '1', '', now(), now());
  insert into bind_slots (connector, slot, holder, held_until) values
    ('a', 1, 'w', now() + interval '1 min'), ('a', 2, 'w', now() - interval '1 s'),
    ('off', 1, 'w', now() + interval '1 min');
  insert into outbox (account, message_id, deliver_sm, state, created_at, expires_at) values
    ('demo', gen_random_uuid(), '', 'pending', now() - interval '3 s', now()),
    ('demo', gen_random_uuid(), '', 'expired', now() - interval '9 s', now());`

test('an empty database gives zeros and empty lists', async () => {
  const { database } = store.link()
  expect(await readGauges(database, postgresUpkeep(database))).toEqual({
    queues: [],
    outboxPending: 0,
    outboxOldestAgeSeconds: 0,
    parkedReceipts: 0,
    laterMessages: 0,
    deadLetters: [],
    boundSlots: [],
    heldSlots: [],
    configuredSlots: [],
    processes: [],
  })
})

test('figures are counted by queue, connector and component', async () => {
  const { database } = store.link()
  await database.pool.query(FILL)
  await processList(database).beat('router', 'one', '127.0.0.1:7070')
  await writeResources(database, [
    { kind: 'connector', id: 'a', spec: { ...connector, id: 'a', binds: 4 } },
    { kind: 'connector', id: 'off', spec: { ...connector, id: 'off', enabled: false } },
  ])
  const gauges = await readGauges(database, postgresUpkeep(database))
  const queues = new Map(gauges.queues.map((one) => [one.queue, one]))
  expect(queues.get('dlr')).toMatchObject({ envelopes: 2, messages: 30 })
  expect(queues.get('dlr')?.oldestAgeSeconds).toBeGreaterThanOrEqual(5)
  expect(gauges.outboxOldestAgeSeconds).toBeGreaterThanOrEqual(3)
  expect(gauges).toMatchObject({
    outboxPending: 1,
    parkedReceipts: 1,
    laterMessages: 7,
    deadLetters: [{ queue: 'journal', letters: 1 }],
    boundSlots: [],
    heldSlots: [{ connector: 'a', slots: 1 }],
    configuredSlots: [{ connector: 'a', slots: 4 }],
    processes: [{ component: 'router', processes: 1 }],
  })
})
