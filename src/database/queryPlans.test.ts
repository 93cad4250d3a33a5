import { afterAll, beforeAll, expect, test } from 'vitest'
import { newMessageId } from '../message/ids.ts'
import type { Settlement } from '../queue/queue.ts'
import { PostgresQueue } from '../queue/postgres/postgresQueue.ts'
import {
  addToOutbox,
  claimOutbox,
  settleOutbox,
  type OutboxOutcome,
} from '../outbox/outboxTable.ts'
import type { DatabaseLink } from '../components/databaseLink.ts'
import { openTestStore, type TestStore } from './testing/testStore.ts'
import { parkedReceiptsDue, parkedReceiptsFor } from '../message/parkedReceiptTable.ts'
import { claimDue, countWaiting } from '../message/waitingMessageTable.ts'
import { findByUpstreamId } from '../message/upstreamIdTable.ts'

/** Tables that are empty again and again, and then long. */
const TABLES = ['outbox', 'queue_envelopes', 'parked_receipts', 'upstream_ids'] as const
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
  const entry = {
    account: ACCOUNT,
    user: 'a',
    messageId,
    deliverSm: Buffer.alloc(1),
    expiresAtMs: Date.now(),
  }
  await addToOutbox(run, [entry, entry, entry])
  const rows = await claimOutbox(
    link.database,
    [{ account: ACCOUNT, user: 'a', room: 3 }],
    60_000,
    'gateway-0',
  )
  const outcomes = rows.map(({ id }, index) => outboxOutcomes(id)[index])
  await settleOutbox(
    link.database,
    outcomes.filter((outcome) => outcome !== undefined),
  )
  await useQueue()
  const destination = '31612345678'
  await findByUpstreamId(run, [
    { connector: 'north', key: '1', destination, receivedAtMs: Date.now() },
  ])
  await parkedReceiptsFor(run, [
    {
      connector: 'north',
      key: '1',
      segment: 1,
      messageId,
      account: ACCOUNT,
      destination,
      submittedAtMs: Date.now(),
    },
  ])
  await parkedReceiptsDue(run, 10)
  await claimDue(link.database, 10, 60_000, [QUEUE])
  await countWaiting(run, [QUEUE])
  await link.database.pool.query(`truncate ${TABLES.join(', ')}`)
  await link.database.pool.query(`vacuum analyze ${TABLES.join(', ')}`)
})
afterAll(() => store.drop())

function outboxOutcomes(id: string): OutboxOutcome[] {
  return [
    { kind: 'acknowledged', id, user: 'acme-1' },
    { kind: 'refused', id, commandStatus: 8 },
    { kind: 'retry', id, delayMs: 1 },
  ]
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
  const settled = entries.flatMap((entry, index) => {
    const settlement = settlements[index]
    return settlement ? [{ entry, settlement }] : []
  })
  await queue.settle(settled)
}

// A connection keeps the plan of a prepared statement until the next analyze: one that reads the
// whole table costs nothing while it is empty, and everything when it holds 200,000 rows.
test.each([
  'outbox.claim',
  'outbox.acknowledge',
  'outbox.refuse',
  'outbox.retry',
  'queue.receive',
  'queue.done',
  'queue.retry',
  'queue.dead',
  'parkedReceipts.probe',
  'parkedReceipts.takeDue',
  'upstreamIds.find',
])('%s looks rows up by an index, though its table was empty', async (name) => {
  const plan = await planOf(name)
  const scans = plan.flatMap((line, index) => (SCAN.test(line) ? [[line, plan[index + 1]]] : []))
  expect(scans.length).toBeGreaterThan(0)
  for (const scan of scans)
    expect(scan.join('\n')).toMatch(/(Index|Bitmap Heap) Scan.*\n *(Index|Recheck) Cond: /)
})

test('a claim for one user passes over no row of another', async () => {
  const plan = (await planOf('outbox.claim')).join('\n')
  expect(plan).toMatch(/outbox_pending_of_user.*\n *Index Cond: .*account.*user_id/)
})

test('waiting messages are claimed queue by queue, in the order of the index', async () => {
  const plan = (await planOf('later.claim')).join('\n')
  expect(plan).not.toMatch(/Seq Scan on later|Sort|later_by_due/)
  expect(plan).toMatch(/later_by_queue on later.*\n *Index Cond: .*queue > queues/)
  expect(plan).toMatch(/later_by_queue on later.*\n *Index Cond: .*queue = ready.*due_at <= ready/)
})

test('waiting messages of some queues are counted by an index, without their rows', async () => {
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
