import { afterAll, beforeEach, expect, test } from 'vitest'
import type pg from 'pg'
import { newMessageId } from '../message/ids.ts'
import type { Database } from './database.ts'
import { dropOldPartitions } from './oldPartitionTable.ts'
import { ensurePartitionsAhead, ensurePartitionsFor } from './partitionTable.ts'
import { openTestStore, type TestStore } from './testing/testStore.ts'

const DAY_MS = 86_400_000
const OLD_MS = Date.UTC(2026, 0, 5, 12)
const OLD = 'messages_20260105'
/** The longest time that a writer may wait for a lock because of maintenance. */
const LOCK_TIMEOUT_MS = 250

const stores: TestStore[] = []
let database: Database

beforeEach(async () => {
  const store = await openTestStore()
  stores.push(store)
  database = store.link().database
  await ensurePartitionsFor(database, [OLD_MS])
})
afterAll(() => Promise.all(stores.map((store) => store.drop())))

async function partitionsOf(table: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ relname: string }>(
    `select c.relname from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
     where i.inhparent = $1::text::regclass order by 1`,
    [table],
  )
  return rows.map(({ relname }) => relname)
}

async function exists(table: string): Promise<boolean> {
  const text = 'select to_regclass($1) is not null as exists'
  const { rows } = await database.pool.query<{ exists: boolean }>(text, [table])
  return rows[0]?.exists ?? false
}

/**
 * Opens a transaction that reads `messages` and stays open until end(), like a report or pg_dump.
 */
async function openReader(): Promise<{ end(): Promise<void> }> {
  const client: pg.PoolClient = await database.pool.connect()
  await client.query('set idle_in_transaction_session_timeout = 0')
  await client.query('begin')
  await client.query('select count(*) from messages')
  const end = async () => {
    await client.query('rollback')
    client.release(true)
  }
  return { end }
}

/**
 * Writes rows until the returned function is called. A write fails if it waits longer than
 * LOCK_TIMEOUT_MS for a lock.
 */
async function keepWriting(): Promise<() => Promise<number>> {
  const client = await database.pool.connect()
  await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`)
  let isStopped = false
  let written = 0
  const writing = (async () => {
    while (!isStopped) {
      await client.query(
        `insert into messages (message_id, account, user_id, connector, source_addr,
          destination_addr, submit_sm, registered_delivery, state, state_rank, attempts,
          accepted_at)
          values ($1, 'a', 'u', 'c', '1', '2', '', 0, 1, 1, 1, now())`,
        [newMessageId()],
      )
      written++
    }
  })()
  return async () => {
    isStopped = true
    await writing.finally(() => client.release(true))
    return written
  }
}

test('only partitions that are too old are dropped', async () => {
  const before = await partitionsOf('messages')
  expect(before).toContain(OLD)
  expect(await dropOldPartitions(database, 'messages', 30 * DAY_MS)).toEqual([])
  expect(await partitionsOf('messages')).toEqual(before.filter((name) => name !== OLD))
  expect(await exists(OLD)).toBe(false)
})

test('a partition is kept until its last row is too old', async () => {
  await ensurePartitionsFor(database, [OLD_MS - DAY_MS])
  const ageMs = Date.now() - OLD_MS
  await dropOldPartitions(database, 'upstream_ids', ageMs)
  const left = await partitionsOf('upstream_ids')
  expect(left.filter((name) => name < 'upstream_ids_20260106')).toEqual(['upstream_ids_20260105'])
})

test('partitions have no gap if the time zone of the server switches to summer time', async () => {
  const client = await database.pool.connect()
  await client.query(`set timezone = 'Europe/Amsterdam'`)
  await client.query(`select ensure_partitions('2027-03-27T12:00Z', '2027-03-30T12:00Z')`)
  client.release(true)
  await database.pool.query(`insert into upstream_ids (connector, upstream_id, segment, message_id,
      destination, submitted_at)
    select 'c', 'id', 0, uuid_at(at), '', at
    from generate_series('2027-03-27T00:00Z'::timestamptz, '2027-03-30T23:30Z', '30 min') as at`)
  expect(await partitionsOf('upstream_ids')).toContain('upstream_ids_20270330')
})

test('six-hour partitions of an older version are kept until they are too old', async () => {
  // An older version created partitions like this one.
  await database.pool.query(
    `drop table upstream_ids_20260105;
     create table upstream_ids_20260105_12 partition of upstream_ids
       for values from ('2026-01-05T12:00Z') to ('2026-01-05T18:00Z')`,
  )
  await ensurePartitionsFor(database, [OLD_MS])
  const kept = await partitionsOf('upstream_ids')
  expect(kept.filter((name) => name < 'upstream_ids_20260106')).toEqual([
    'upstream_ids_20260105_12',
  ])
  await dropOldPartitions(database, 'upstream_ids', 30 * DAY_MS)
  expect(await partitionsOf('upstream_ids')).not.toContain('upstream_ids_20260105_12')
})

test('creating a partition while a report reads the table does not delay writers', async () => {
  const reader = await openReader()
  const stopWriting = await keepWriting()
  await ensurePartitionsFor(database, [OLD_MS + DAY_MS])
  await ensurePartitionsAhead(database, 5)
  expect(await stopWriting()).toBeGreaterThan(0)
  expect(await partitionsOf('messages')).toContain('messages_20260106')
  await reader.end()
})

test('if a report blocks a drop, writers are not delayed, and a later drop succeeds', async () => {
  const reader = await openReader()
  const stopWriting = await keepWriting()
  expect(await dropOldPartitions(database, 'messages', 30 * DAY_MS)).toEqual([OLD])
  expect(await stopWriting()).toBeGreaterThan(0)
  // The first call has started to detach the partition. A second call is blocked in the same way.
  expect(await dropOldPartitions(database, 'messages', 30 * DAY_MS)).toEqual([OLD])
  await reader.end()
  expect(await dropOldPartitions(database, 'messages', 30 * DAY_MS)).toEqual([])
  expect(await exists(OLD)).toBe(false)
})

test('a partition detached by hand is kept, and one marked by Signalbox is dropped', async () => {
  await ensurePartitionsFor(database, [OLD_MS + DAY_MS])
  for (const name of [OLD, 'messages_20260106'])
    await database.pool.query(`alter table messages detach partition "${name}"`)
  // This is the state after a process died between detaching and dropping the partition.
  await database.pool.query(`comment on table "${OLD}" is 'signalbox: too old, to be dropped'`)
  await dropOldPartitions(database, 'messages', 30 * DAY_MS)
  expect(await exists(OLD)).toBe(false)
  expect(await exists('messages_20260106')).toBe(true)
})

test('a detached partition is attached again if a message of its day arrives', async () => {
  await database.pool.query(`alter table messages detach partition "${OLD}"`)
  await ensurePartitionsFor(database, [OLD_MS])
  expect(await partitionsOf('messages')).toContain(OLD)
})
