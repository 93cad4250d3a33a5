import { afterAll, beforeAll, expect, test } from 'vitest'
import { Presence } from '../../cluster/presence.ts'
import type { ProcessReport } from '../../cluster/processReport.ts'
import { processList } from '../../cluster/processTable.ts'
import type { Database } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { connectorSchema } from '../../platform/connector.ts'
import { writeResources } from '../../platform/resourceTable.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import { platformStatusSchema } from './platformStatus.ts'
import { readStatus } from './readStatus.ts'

let store: TestStore
let database: Database
beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

/** Reads the status and checks it against the schema of GET /admin/v1/status. */
const status = async () =>
  platformStatusSchema.parse(await readStatus(database, postgresUpkeep(database)))
const TROUBLE = { text: 'south: ECONNREFUSED', level: 'warn', count: 2, lastAt: '2026-12-01' }

test('an empty platform has an empty status', async () => {
  expect(await status()).toMatchObject({
    processes: [],
    customers: [],
    connectors: [],
    outbox: { pending: 0 },
    deadLetters: [],
  })
})

test('the status shows the last report of each process until the process stops', async () => {
  let report: ProcessReport = { troubles: [TROUBLE] }
  const presence = new Presence({
    processes: processList(database),
    announce: { component: 'gateway', instance: 'gateway-1', address: '', report: () => report },
    onTrouble: (what, error) => {
      throw new Error(what, { cause: error })
    },
  })
  await presence.start()
  expect((await status()).processes).toMatchObject([
    { component: 'gateway', instance: 'gateway-1', isUp: true, troubles: [TROUBLE] },
  ])
  report = {
    customers: [{ account: 'bank', user: 'bank-1', binds: 2, receivers: 1 }],
    moreCustomers: 3,
  }
  const customer = { account: 'bank', user: 'bank-1', binds: 2, receivers: 1, gateway: 'gateway-1' }
  await expect.poll(async () => (await status()).customers, { timeout: 5_000 }).toEqual([customer])
  expect(await status()).toMatchObject({ moreCustomers: 3, processes: [{ troubles: [] }] })
  await presence.stop()
  expect(await status()).toMatchObject({ customers: [], processes: [] })
})

test('a process without a recent heartbeat is shown as down and without customers', async () => {
  await database.pool.query(
    `insert into processes (component, instance, address, heartbeat_at, report)
      values ('gateway', 'dead', '', now() - interval '10 min', $1)`,
    [{ customers: [{ account: 'bank', user: 'bank-1', binds: 2, receivers: 1 }] }],
  )
  const { customers, processes } = await status()
  expect(customers).toEqual([])
  expect(processes).toMatchObject([{ instance: 'dead', isUp: false }])
  expect(processes[0]?.seenSecondsAgo).toBeGreaterThanOrEqual(600)
})

test('a process report in an unknown format is treated as an empty report', async () => {
  await database.pool.query(
    `insert into processes (component, instance, address, report)
      values ('router', 'newer', '', '{"troubles": 7, "customers": "many"}')`,
  )
  expect((await status()).processes).toContainEqual(
    expect.objectContaining({ instance: 'newer', isUp: true, troubles: [] }),
  )
})

test('a connector is shown with its binds, its queues and its waiting messages', async () => {
  const connector = connectorSchema.parse({
    id: 'north',
    host: '127.0.0.1',
    port: 1,
    systemId: 's',
    password: 'x',
  })
  await writeResources(database, [
    { kind: 'connector', id: 'north', spec: { ...connector, binds: 3 } },
    { kind: 'connector', id: 'broken', spec: { id: 'broken', host: 7 } },
  ])
  await database.pool.query(`insert into queue_envelopes (queue, payload, messages, published_at)
      values ('submit.north.high', '', 10, now() - interval '1 min'),
        ('submit.north.bulk', '', 20, now()), ('submit.other.bulk', '', 40, now());
    insert into later_counts (queue, messages)
      values ('submit.north.normal', 5), ('submit.north.normal', -2);
    insert into bind_slots (connector, slot, holder, held_until, bound)
      values ('north', 1, 'workers-1', now() + interval '1 min', true);
    insert into processes (component, instance, address) values ('workers', 'workers-1', '')`)
  const { connectors } = await status()
  expect(connectors).toMatchObject([
    {
      id: 'north',
      state: 'enabled',
      binds: 3,
      bindsUp: 1,
      queuedMessages: 30,
      waitingMessages: 3,
    },
  ])
  expect(connectors[0]?.oldestAgeSeconds).toBeGreaterThanOrEqual(60)
})
