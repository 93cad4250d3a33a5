import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MessageId, newMessageId, upstreamId } from '../message/ids.ts'
import { readMessage, readStatus } from '../message/messageTable.ts'
import type { Settlement } from '../queue/queue.ts'
import { PostgresQueue } from '../queue/postgres/postgresQueue.ts'
import { expireOutbox } from '../outbox/endedDeliveryTable.ts'
import { addToOutbox, claimOutbox } from '../outbox/outboxTable.ts'
import { reclaimOutbox, settleOutbox } from '../outbox/settlementTable.ts'
import type { DatabaseLink } from '../components/databaseLink.ts'
import { openTestStore, type TestStore } from './testing/testStore.ts'
import { parkedReceiptsDue, parkedReceiptsFor } from '../message/parkedReceiptTable.ts'
import { claimDue, claimNext, countWaiting } from '../message/waitingMessageTable.ts'
import { findByUpstreamId } from '../message/upstreamIdTable.ts'

/** Tables that are often empty and sometimes grow large. */
const TABLES = [
  'outbox',
  'outbox_chunks',
  'outbox_leases',
  'queue_envelopes',
  'parked_receipts',
  'upstream_ids',
] as const
const HOUR_MS = 3_600_000
const ACCOUNT = 'acme'
const QUEUE = 'submit.north.normal'
const SCAN = new RegExp(`Scan.* on (${TABLES.join('|')})(_[0-9_]+)?( |$)`)

let store: TestStore
let link: DatabaseLink
beforeAll(async () => {
  store = await openTestStore()
  link = store.link()
  const { run } = link.database
  const messageId = newMessageId()
  await useOutbox(messageId)
  await useQueue()
  await readMessage(link.database, messageId)
  await readStatus(link.database, messageId, ACCOUNT)
  const destination = '31612345678'
  await findByUpstreamId(
    run,
    [{ connector: 'north', key: '1', destination, receivedAtMs: Date.now() }],
    HOUR_MS,
  )
  await parkedReceiptsFor(run, [
    {
      connector: 'north',
      key: '1',
      upstreamId: upstreamId('1'),
      attempts: 0,
      segment: 1,
      messageId,
      account: ACCOUNT,
      destination,
      submittedAtMs: Date.now(),
    },
  ])
  await parkedReceiptsDue(run, 10)
  await claimDue(link.database, 10, 60_000, [QUEUE])
  await claimNext(link.database, 10, 60_000, [QUEUE], new Map([[QUEUE, 0]]))
  await countWaiting(run, [QUEUE])
  await link.database.pool.query(`truncate ${TABLES.join(', ')}`)
  await link.database.pool.query(`vacuum analyze ${TABLES.join(', ')}`)
})
afterAll(() => store.drop())

async function useOutbox(messageId: MessageId): Promise<void> {
  const { database } = link
  const delivery = { messageId, deliverSm: Buffer.alloc(1) }
  const expiresAtMs = Date.now() + 3_600_000
  await addToOutbox(database.run, [{ account: ACCOUNT, user: 'a', expiresAtMs, ...delivery }])
  const claim = () =>
    claimOutbox(database, [{ account: ACCOUNT, user: 'a', room: 3 }], 60_000, 'gateway-0')
  const nothing = { acknowledged: [], refused: [], retry: [], putBack: [] }
  const retry = [{ delivery, delayMs: 0 }]
  for (const ends of [
    { retry: [...retry, ...retry, ...retry] },
    { retry },
    { refused: [{ delivery, commandStatus: 8 }] },
    { acknowledged: [{ messageId, user: 'acme-1' }] },
  ]) {
    const [claimed] = (await claim()).claimed
    if (!claimed) throw new Error('a delivery should wait for this user')
    await settleOutbox(database, 'gateway-0', [{ ...claimed, ...nothing, ...ends }])
    await reclaimOutbox(database, 'gateway-0', [])
  }
  await expireOutbox(database)
}

async function useQueue(): Promise<void> {
  const queue = new PostgresQueue(link.database, link.wakeUps, 'workers-0')
  const settlements: Settlement[] = [
    { kind: 'done' },
    { kind: 'retry', delayMs: 1 },
    { kind: 'dead', reason: 'a test' },
  ]
  const payload = Buffer.alloc(1)
  await queue.publish(settlements.map(() => ({ queue: QUEUE, payload, messages: 1 })))
  const entries = await queue.receive(QUEUE, 3, 60_000)
  await queue.reclaim(QUEUE, entries)
  const settled = entries.flatMap((entry, index) => {
    const settlement = settlements[index]
    return settlement ? [{ entry, settlement }] : []
  })
  await queue.settle(settled)
}

// A connection keeps the plan of a prepared statement until the next analyze. A plan that reads the
// whole table is cheap while the table is empty, but far too slow once it holds 200,000 rows.
test.each([
  'outbox.claim',
  'outbox.settleChunks',
  'outbox.reclaimChunks',
  'outbox.reclaimRows',
  'outbox.expireRows',
  'outbox.acknowledge',
  'outbox.refuse',
  'outbox.retry',
  'queue.receive',
  'queue.reclaim',
  'queue.done',
  'queue.retry',
  'queue.dead',
  'parkedReceipts.probe',
  'parkedReceipts.takeDue',
  'upstreamIds.find',
  'messages.read',
  'messages.status',
])('the statement %s uses an index although it was planned for an empty table', async (name) => {
  const plan = await planOf(name)
  const scans = plan.flatMap((line, index) => (SCAN.test(line) ? [[line, plan[index + 1]]] : []))
  expect(scans.length).toBeGreaterThan(0)
  for (const scan of scans)
    expect(scan.join('\n')).toMatch(/(Index|Bitmap Heap) Scan.*\n *(Index|Recheck) Cond: /)
})

test('an outbox claim reads neither deliveries of other users nor those in back-off', async () => {
  const plan = (await planOf('outbox.claim')).join('\n')
  expect(plan).toMatch(
    /outbox_chunks_of_user on .*\n *Index Cond: .*account = .*ROW\(.*user_id, .*place\) >= /,
  )
  expect(plan).toMatch(
    /outbox_due_of_user on .*\n *Index Cond: .*user_id >= .*user_id <= .*visible_at <= /,
  )
})

test('a claim of waiting messages uses the index by queue and needs no sort', async () => {
  const plan = (await planOf('later.claim')).join('\n')
  expect(plan).not.toMatch(/Seq Scan on later|Sort|later_by_due/)
  expect(plan).toMatch(/later_by_queue on later.*\n *Index Cond: .*queue > queues/)
  expect(plan).toMatch(/later_by_queue on later.*\n *Index Cond: .*queue = ready.*due_at <= ready/)
})

test('a continued claim of waiting messages does not read earlier index entries', async () => {
  const plan = (await planOf('later.claimNext')).join('\n')
  expect(plan).not.toMatch(/Seq Scan on later|Sort|later_by_due/)
  expect(plan).toMatch(
    /later_by_queue on later.*\n *Index Cond: .*due_at >= ready(_\d+)?\.due_from/,
  )
})

test('counting the waiting messages of some queues does not read the message rows', async () => {
  const plan = (await planOf('later.countOf')).join('\n')
  expect(plan).not.toMatch(/Seq Scan| later( |\n)/)
  expect(plan).toMatch(/later_counts_by_queue( on later_counts)?\n *Index Cond: \(queue = ANY/)
})

async function planOf(name: string): Promise<string[]> {
  const { rows: known } = await link.database.pool.query<{ statement: string }>(
    'select statement from pg_prepared_statements where name = $1',
    [name],
  )
  expect(known).toHaveLength(1)
  const { rows } = await link.database.pool.query<{ 'QUERY PLAN': string }>(
    `explain (generic_plan, costs off) ${known[0]?.statement}`,
  )
  return rows.map((row) => row['QUERY PLAN'])
}
