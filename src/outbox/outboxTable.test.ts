import { afterAll, beforeAll, expect, test } from 'vitest'
import { newMessageId } from '../message/ids.ts'
import type { Database } from '../database/database.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'
import { expireOutbox } from './endedDeliveryTable.ts'
import { readDeliverySteps, readOutboxBacklog } from './outboxReportTable.ts'
import { addToOutbox, type ClaimedDeliveries, claimOutbox } from './outboxTable.ts'
import { type ClaimOutcome, reclaimOutbox, settleOutbox } from './settlementTable.ts'

const LEASE_MS = 60_000
const IN_AN_HOUR_MS = Date.now() + 3_600_000
let store: TestStore
let database: Database

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

/** Adds deliveries to one user, in one chunk or in several chunks of 250. */
async function add(account: string, count: number, user = 'demo', expiresAtMs = IN_AN_HOUR_MS) {
  const entries = Array.from({ length: count }, (_, index) => ({
    account,
    user,
    messageId: newMessageId(),
    deliverSm: Buffer.from([index]),
    expiresAtMs,
  }))
  await database.transaction((run) => addToOutbox(run, entries))
  return entries
}

function claim(account: string, room: number, instance = 'gateway-1', user?: string) {
  return claimOutbox(database, [{ account, user, room }], LEASE_MS, instance)
}

async function claimOne(account: string, instance = 'gateway-1'): Promise<ClaimedDeliveries> {
  const { claimed } = await claim(account, 1, instance)
  if (!claimed[0]) throw new Error(`there is nothing to claim for ${account}`)
  return claimed[0]
}

function outcomeOf(claimed: ClaimedDeliveries, outcome: Partial<ClaimOutcome>): ClaimOutcome {
  const { id, kind } = claimed
  return { id, kind, acknowledged: [], refused: [], retry: [], putBack: [], ...outcome }
}

function acknowledging(claimed: ClaimedDeliveries): ClaimOutcome {
  const acknowledged = claimed.deliveries.map(({ messageId }) => ({ messageId, user: 'demo' }))
  return outcomeOf(claimed, { acknowledged })
}

async function statesOf(account: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ state: string }>(
    'select state from outbox where account = $1 order by id',
    [account],
  )
  return rows.map(({ state }) => state)
}

/** Returns the ids of the claimed messages that a trace shows as acknowledged. */
async function acknowledgedOf(claimed: ClaimedDeliveries): Promise<string[]> {
  const { account, user } = claimed
  const ids = claimed.deliveries.map(({ messageId }) => messageId)
  const steps = await Promise.all(
    ids.map((id) => readDeliverySteps(database, { id, account, user: user ?? '' })),
  )
  return ids.filter((_, index) => steps[index]?.some(({ kind }) => kind === 'acknowledged'))
}

const octetsOf = (claimed: readonly ClaimedDeliveries[]) =>
  claimed.map(({ deliveries }) => deliveries.map(({ deliverSm }) => deliverSm[0]))

test('deliveries of one transaction to one user are stored in chunks of up to 250', async () => {
  await add('many', 600)
  const { claimed } = await claim('many', 1000)
  expect(claimed.map(({ deliveries }) => deliveries.length)).toEqual([250, 250, 100])
})

test('a claim leases each chunk once, oldest first, up to the room of each user', async () => {
  for (let chunk = 0; chunk < 3; chunk++) await add('a', 2)
  await add('b', 3)
  const wanted = [
    { account: 'a', user: 'demo', room: 3 },
    { account: 'b', user: undefined, room: 1 },
  ]
  const { claimed } = await claimOutbox(database, wanted, LEASE_MS, 'gateway-1')
  expect(claimed.map(({ account }) => account)).toEqual(['a', 'a', 'b'])
  expect(octetsOf(claimed)).toEqual([
    [0, 1],
    [0, 1],
    [0, 1, 2],
  ])
  expect((await claim('a', 10, 'gateway-2')).claimed).toHaveLength(1)
  expect((await claim('a', 10, 'gateway-2')).claimed).toEqual([])
})

test('settling a chunk makes one row for each delivery that is refused or retried', async () => {
  const [first, second, third, fourth] = await add('ends', 4)
  if (!first || !second || !third || !fourth) throw new Error('there should be four deliveries')
  const chunk = await claimOne('ends')
  await settleOutbox(database, 'gateway-1', [
    outcomeOf(chunk, {
      acknowledged: [{ messageId: first.messageId, user: 'demo' }],
      refused: [{ delivery: second, commandStatus: 0x65 }],
      retry: [
        { delivery: third, delayMs: 0 },
        { delivery: fourth, delayMs: 60_000 },
      ],
    }),
  ])
  expect(await acknowledgedOf(chunk)).toEqual([first.messageId])
  expect((await statesOf('ends')).toSorted()).toEqual(['pending', 'pending', 'refused'])
  const { claimed } = await claim('ends', 9)
  expect(claimed).toMatchObject([
    { kind: 'row', attempts: 2, deliveries: [{ messageId: third.messageId }] },
  ])
})

test('a row is settled as acknowledged, refused or put back', async () => {
  const entries = await add('rows', 3)
  const chunk = await claimOne('rows')
  const retry = entries.map((delivery) => ({ delivery, delayMs: 0 }))
  await settleOutbox(database, 'gateway-1', [outcomeOf(chunk, { retry })])
  const { claimed } = await claim('rows', 9)
  const [first, second, third] = claimed
  if (!first || !second || !third) throw new Error('there should be three rows')
  const [delivery] = second.deliveries
  if (!delivery) throw new Error('a row should have one delivery')
  await settleOutbox(database, 'gateway-1', [
    acknowledging(first),
    outcomeOf(second, { refused: [{ delivery, commandStatus: 8 }] }),
    outcomeOf(third, { putBack: third.deliveries }),
  ])
  expect(await acknowledgedOf(first)).toHaveLength(1)
  expect((await statesOf('rows')).toSorted()).toEqual(['pending', 'refused'])
  expect((await claim('rows', 9)).claimed).toMatchObject([{ id: third.id, attempts: 2 }])
})

test('deliveries that are put back keep their place and form smaller chunks', async () => {
  await add('slow', 40)
  await add('slow', 1)
  const chunk = await claimOne('slow')
  await settleOutbox(database, 'gateway-1', [
    outcomeOf(chunk, {
      acknowledged: [{ messageId: chunk.deliveries[0]?.messageId ?? newMessageId(), user: 'demo' }],
      putBack: chunk.deliveries.slice(1),
    }),
  ])
  const { claimed } = await claim('slow', 100)
  expect(claimed.map(({ deliveries }) => deliveries.length)).toEqual([16, 16, 7, 1])
})

test('repeating a settlement changes nothing', async () => {
  await add('again', 2)
  const chunk = await claimOne('again')
  await settleOutbox(database, 'gateway-1', [acknowledging(chunk)])
  await settleOutbox(database, 'gateway-1', [
    outcomeOf(chunk, { retry: chunk.deliveries.map((delivery) => ({ delivery, delayMs: 0 })) }),
    acknowledging(chunk),
  ])
  expect(await acknowledgedOf(chunk)).toHaveLength(2)
  expect(await statesOf('again')).toEqual([])
})

test('a gateway that lost its lease of a chunk cannot settle the chunk', async () => {
  await add('lost', 2)
  const { claimed } = await claimOutbox(
    database,
    [{ account: 'lost', user: 'demo', room: 1 }],
    0,
    'frozen',
  )
  const chunk = await claimOne('lost', 'gateway-2')
  expect(claimed[0]?.id).toBe(chunk.id)
  await settleOutbox(database, 'frozen', [acknowledging(chunk)])
  expect(await acknowledgedOf(chunk)).toEqual([])
  await settleOutbox(database, 'gateway-2', [acknowledging(chunk)])
  expect(await acknowledgedOf(chunk)).toHaveLength(2)
})

test('when a killed gateway restarts, the chunks that it had claimed are released', async () => {
  await add('killed', 1)
  await add('killed', 1)
  const ofTheDead = await claimOne('killed', 'gateway-7')
  const ofTheLiving = await claimOne('killed', 'gateway-8')
  await reclaimOutbox(database, 'gateway-7', [])
  const { claimed } = await claim('killed', 2, 'gateway-8')
  expect(claimed.map(({ id }) => id)).toEqual([ofTheDead.id])
  await reclaimOutbox(database, 'gateway-8', [ofTheLiving.id])
  expect((await claim('killed', 2)).claimed.map(({ id }) => id)).toEqual([ofTheDead.id])
})

test('when a gateway restarts, its claimed rows are released but back-offs continue', async () => {
  const [waiting, due] = await add('back-off', 2)
  if (!waiting || !due) throw new Error('there should be two deliveries')
  const chunk = await claimOne('back-off', 'gateway-9')
  await settleOutbox(database, 'gateway-9', [
    outcomeOf(chunk, {
      retry: [
        { delivery: waiting, delayMs: 60_000 },
        { delivery: due, delayMs: 0 },
      ],
    }),
  ])
  await claimOne('back-off', 'gateway-9')
  await reclaimOutbox(database, 'gateway-9', [])
  const { claimed } = await claim('back-off', 9, 'gateway-9')
  expect(claimed.map(({ deliveries }) => deliveries[0]?.messageId)).toEqual([due.messageId])
})

test('a row in its second back-off stays in back-off when its gateway restarts', async () => {
  const [delivery] = await add('waits', 1)
  if (!delivery) throw new Error('there should be one delivery')
  const settle = async (delayMs: number) => {
    const claimed = await claimOne('waits', 'gateway-9')
    const retry = [{ delivery, delayMs }]
    await settleOutbox(database, 'gateway-9', [outcomeOf(claimed, { retry })])
  }
  await settle(0)
  await settle(60_000)
  await reclaimOutbox(database, 'gateway-9', [])
  expect((await claim('waits', 9)).claimed).toEqual([])
})

test('idle accounts do not reduce the number of chunks leased for a busy account', async () => {
  for (let chunk = 0; chunk < 3; chunk++) await add('busy', 1)
  const idle = Array.from({ length: 50 }, (_, index) => ({
    account: `idle-${index}`,
    user: 'demo',
    room: 500,
  }))
  const wanted = [...idle, { account: 'busy', user: 'demo', room: 3 }]
  const { claimed } = await claimOutbox(database, wanted, LEASE_MS, 'gateway-1', { max: 10 })
  expect(claimed).toHaveLength(3)
})

test('a claim that skipped a locked chunk reports that it is incomplete', async () => {
  await add('contended', 1)
  const client = await database.pool.connect()
  try {
    await client.query('begin')
    await client.query(`select from outbox_chunks where account = 'contended' for update`)
    expect(await claim('contended', 1)).toMatchObject({ claimed: [], isComplete: false })
  } finally {
    await client.query('rollback')
    client.release()
  }
  expect(await claim('contended', 1)).toMatchObject({ claimed: [{}], isComplete: true })
})

test('if two claims find the same chunk, only the first one leases it', async () => {
  await add('raced', 1)
  const client = await database.pool.connect()
  try {
    await client.query('begin')
    await client.query(`insert into outbox_leases (chunk_id, instance, until)
      select id, 'gateway-1', now() + interval '1 min' from outbox_chunks where account = 'raced'`)
    const second = claim('raced', 1, 'gateway-2')
    await expect.poll(() => waitsForALock()).toBe(true)
    await client.query('commit')
    expect(await second).toMatchObject({ claimed: [], isComplete: false })
  } finally {
    client.release()
  }
})

async function waitsForALock(): Promise<boolean> {
  const { rows } = await database.pool.query(
    `select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rows.length > 0
}

test('a gateway that lost its lease of a row can neither refuse nor put back the row', async () => {
  const [delivery] = await add('lost row', 1)
  if (!delivery) throw new Error('there should be one delivery')
  const chunk = await claimOne('lost row')
  const retry = [{ delivery, delayMs: 0 }]
  await settleOutbox(database, 'gateway-1', [outcomeOf(chunk, { retry })])
  const demand = [{ account: 'lost row', user: 'demo', room: 1 }]
  const { claimed } = await claimOutbox(database, demand, 0, 'frozen')
  const row = await claimOne('lost row', 'gateway-2')
  expect(claimed[0]?.id).toBe(row.id)
  await settleOutbox(database, 'frozen', [outcomeOf(row, { putBack: row.deliveries })])
  const refused = [{ delivery, commandStatus: 8 }]
  await settleOutbox(database, 'frozen', [outcomeOf(row, { refused })])
  expect(await statesOf('lost row')).toEqual(['pending'])
  expect((await claim('lost row', 1)).claimed).toEqual([])
})

test('settling an acknowledgement creates a missing partition for acknowledgements', async () => {
  const { rows } = await database.pool.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits
      where inhparent = 'outbox_acknowledged'::regclass`,
  )
  for (const { name } of rows) await database.pool.query(`drop table ${name}`)
  await add('unpartitioned', 1)
  const chunk = await claimOne('unpartitioned')
  await settleOutbox(database, 'gateway-1', [acknowledging(chunk)])
  expect(await acknowledgedOf(chunk)).toHaveLength(1)
})

test('a user gets only its own receipts unless the account shares receipts', async () => {
  await add('users', 2, 'one')
  await add('users', 1, 'two')
  expect((await claim('users', 9, 'gateway-1', 'three')).claimed).toEqual([])
  expect((await claim('users', 9, 'gateway-1', 'two')).claimed).toMatchObject([{ user: 'two' }])
  await add('users', 1, 'two')
  const { claimed } = await claim('users', 9, 'gateway-1')
  expect(claimed.map(({ user }) => user)).toEqual(['one', 'two'])
})

test('deliveries that are not acknowledged in time are kept as expired', async () => {
  const [late] = await add('late', 2, 'demo', Date.now() - 1)
  await claimOne('late')
  await expireOutbox(database)
  expect(await statesOf('late')).toEqual([])
  await reclaimOutbox(database, 'gateway-1', [])
  const chunk = await claimOne('late')
  const retry = chunk.deliveries.slice(1).map((delivery) => ({ delivery, delayMs: 0 }))
  await settleOutbox(database, 'gateway-1', [
    outcomeOf(chunk, { retry, putBack: chunk.deliveries.slice(0, 1) }),
  ])
  await expireOutbox(database)
  expect(await statesOf('late')).toEqual(['expired', 'expired'])
  const message = { id: late?.messageId ?? newMessageId(), account: 'late', user: 'demo' }
  expect(await readDeliverySteps(database, message)).toMatchObject([{ detail: 'expired' }])
})

test('an unreadable chunk is reported and does not block other chunks', async () => {
  await add('odd', 1)
  await add('odd', 1, 'demo', Date.now() - 1)
  await add('odd', 1, 'demo', Date.now() - 1)
  await database.pool.query(
    `update outbox_chunks set payload = '\\x02' where id in (
      select id from outbox_chunks where account = 'odd' order by id limit 2)`,
  )
  await expect(expireOutbox(database)).rejects.toThrow('cannot be read')
  expect(await statesOf('odd')).toEqual(['expired'])
  await add('odd', 1)
  const { claimed, unreadable } = await claim('odd', 9)
  expect(unreadable).toHaveLength(2)
  expect(octetsOf(claimed)).toEqual([[0]])
})

test('a trace shows a delivery while it waits and after it was acknowledged', async () => {
  const [entry] = await add('traced', 3)
  if (!entry) throw new Error('there should be three deliveries')
  const message = { id: entry.messageId, account: 'traced', user: 'demo' }
  expect(await readDeliverySteps(database, message)).toMatchObject([
    { kind: 'pending', detail: 'pending', attempts: 0 },
  ])
  const chunk = await claimOne('traced')
  await settleOutbox(database, 'gateway-1', [acknowledging(chunk)])
  expect(await readDeliverySteps(database, message)).toMatchObject([
    { kind: 'acknowledged', detail: 'demo' },
  ])
})

test('the backlog counts the deliveries in chunks and in rows', async () => {
  await database.pool.query('truncate outbox, outbox_chunks, outbox_leases')
  expect(await readOutboxBacklog(database.run)).toEqual({ pending: 0, oldestAgeSeconds: 0 })
  await add('backlog', 300)
  const [entry] = await add('backlog', 1)
  if (!entry) throw new Error('there should be one delivery')
  const { claimed } = await claim('backlog', 1000)
  const [single] = claimed.filter(({ deliveries }) => deliveries.length === 1)
  if (!single) throw new Error('the last chunk should have one delivery')
  await settleOutbox(database, 'gateway-1', [
    outcomeOf(single, { retry: [{ delivery: entry, delayMs: 60_000 }] }),
  ])
  expect((await readOutboxBacklog(database.run)).pending).toBe(301)
})

test("a row written by an older version without a user belongs to its message's user", async () => {
  const messageId = newMessageId()
  await database.pool.query(
    `insert into messages (message_id, account, user_id, connector, source_addr, destination_addr,
      submit_sm, registered_delivery, state, state_rank, attempts, accepted_at)
      values ($1, 'rollout', 'one', 'sim', '', '', '', 1, 1, 1, 0, now())`,
    [messageId],
  )
  await database.pool.query(
    `insert into outbox (account, message_id, deliver_sm, expires_at)
      values ('rollout', $1, '', now() + interval '1 hour')`,
    [messageId],
  )
  expect((await claim('rollout', 9, 'gateway-1', 'two')).claimed).toEqual([])
  expect((await claim('rollout', 9, 'gateway-1', 'one')).claimed).toHaveLength(1)
})
