import { afterAll, beforeAll, expect, test } from 'vitest'
import { newMessageId } from '../message/ids.ts'
import type { Database } from '../database/database.ts'
import {
  addToOutbox,
  claimOutbox,
  expireOutbox,
  reclaimOutbox,
  settleOutbox,
} from './outboxTable.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'

const LEASE_MS = 60_000
let store: TestStore
let database: Database

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

async function add(
  account: string,
  count: number,
  expiresAtMs = Date.now() + LEASE_MS,
  user = 'demo',
) {
  const entries = Array.from({ length: count }, (_, index) => ({
    account,
    user,
    messageId: newMessageId(),
    deliverSm: Buffer.from([index]),
    expiresAtMs,
  }))
  await database.transaction((run) => addToOutbox(run, entries))
}

function claim(account: string, room: number, instance = 'gateway-1', user?: string) {
  return claimOutbox(database, [{ account, user, room }], LEASE_MS, instance)
}

async function statesOf(account: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ state: string }>(
    'select state from outbox where account = $1 order by id',
    [account],
  )
  return rows.map(({ state }) => state)
}

test('each account gets what it has room for, oldest first, and nothing twice', async () => {
  await add('a', 3)
  await add('b', 3)
  const wanted = [
    { account: 'a', user: 'demo', room: 2 },
    { account: 'b', user: undefined, room: 1 },
  ]
  const rows = await claimOutbox(database, wanted, LEASE_MS, 'gateway-1')
  expect(rows.map(({ account, deliver_sm }) => [account, deliver_sm[0]])).toEqual([
    ['a', 0],
    ['a', 1],
    ['b', 0],
  ])
  expect((await claim('a', 10, 'gateway-2')).map(({ deliver_sm }) => deliver_sm[0])).toEqual([2])
})

test('acknowledged rows go, refused and expired ones stay, others return', async () => {
  await add('ends', 3)
  const [first, second, third] = await claim('ends', 3)
  if (!first || !second || !third) throw new Error('three rows were added')
  await settleOutbox(database, [
    { kind: 'acknowledged', id: first.id, user: 'demo' },
    { kind: 'refused', id: second.id, commandStatus: 0x65 },
    { kind: 'retry', id: third.id, delayMs: 0 },
  ])
  expect(await statesOf('ends')).toEqual(['refused', 'pending'])
  expect(await claim('ends', 3)).toMatchObject([{ id: third.id, attempts: 2 }])
  await add('late', 1, Date.now() - 1)
  await expireOutbox(database)
  expect(await statesOf('late')).toEqual(['expired'])
})

test('what a killed gateway had claimed is free again when it starts anew', async () => {
  await add('killed', 2)
  await claim('killed', 1, 'gateway-7')
  await claim('killed', 1, 'gateway-8')
  await reclaimOutbox(database, 'gateway-7', [])
  expect(await claim('killed', 2, 'gateway-8')).toHaveLength(1)
})

test('accounts with room and nothing to deliver take nothing from those with much', async () => {
  await add('busy', 3)
  const idle = Array.from({ length: 50 }, (_, index) => ({
    account: `idle-${index}`,
    user: 'demo',
    room: 500,
  }))
  const wanted = [...idle, { account: 'busy', user: 'demo', room: 3 }]
  expect(await claimOutbox(database, wanted, LEASE_MS, 'gateway-1', 10)).toHaveLength(3)
})

test('an acknowledgement whose partition is missing makes it', async () => {
  const { rows } = await database.pool.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits
      where inhparent = 'outbox_acknowledged'::regclass`,
  )
  for (const { name } of rows) await database.pool.query(`drop table ${name}`)
  await add('unpartitioned', 1)
  const [row] = await claim('unpartitioned', 1)
  if (!row) throw new Error('one row was added')
  await settleOutbox(database, [{ kind: 'acknowledged', id: row.id, user: 'demo' }])
  expect(await statesOf('unpartitioned')).toEqual([])
})

test('a user gets the receipts of its own messages, unless the account shares them', async () => {
  const expiresAtMs = Date.now() + LEASE_MS
  await add('users', 2, expiresAtMs, 'one')
  await add('users', 1, expiresAtMs, 'two')
  expect(await claim('users', 9, 'gateway-1', 'three')).toEqual([])
  expect(await claim('users', 9, 'gateway-1', 'two')).toMatchObject([{ user_id: 'two' }])
  await add('users', 1, expiresAtMs, 'two')
  const shared = await claim('users', 9, 'gateway-1')
  expect(shared.map((row) => row.user_id)).toEqual(['one', 'one', 'two'])
})

test('a row that a version before wrote belongs to the user of its message', async () => {
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
  expect(await claim('rollout', 9, 'gateway-1', 'two')).toEqual([])
  expect(await claim('rollout', 9, 'gateway-1', 'one')).toHaveLength(1)
})
