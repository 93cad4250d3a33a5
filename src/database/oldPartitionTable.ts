// Drops partitions whose rows are all too old, without delaying other queries. A plain drop waits
// for every reader of the table, such as pg_dump, and all writers wait behind the drop. So a
// partition is first detached concurrently. This blocks no other query, but waits at most a few
// seconds for the transactions that read the table. If these transactions take longer, the next
// call of dropOldPartitions finishes the interrupted detachment and drops the detached table. A
// comment in the catalogue marks this table, because an operator may have detached other tables in
// order to keep them.

import type pg from 'pg'
import { type Database, storeError } from './database.ts'

const HOUR_MS = 3_600_000

/** The tables that are partitioned by time. */
export type PartitionedTable =
  | 'acknowledged_chunks'
  | 'messages'
  | 'message_attempts'
  | 'outbox_acknowledged'
  | 'upstream_ids'

/** A partition holds one day, or less if an older version created it. */
const SPAN_MS = 24 * HOUR_MS

/** Limits how long a statement waits for a lock, because other queries wait behind it. */
const LOCK_TIMEOUT_MS = 250
/** Limits how long a detachment waits for the transactions that read the table. */
const DETACH_TIMEOUT_MS = 5_000
const REMARK = 'signalbox: too old, to be dropped'

interface OldPartition {
  readonly name: string
  readonly isAttached: boolean
  /**
   * Whether the detachment of the partition was interrupted. A table has at most one such
   * partition, and its detachment must be finished before another partition can be detached.
   */
  readonly isPending: boolean
}

const OLD = `
  with slices as materialized (
    select c.oid, c.relname as name, i.inhrelid is not null as is_attached,
      coalesce(i.inhdetachpending, false) as is_pending
    from pg_class as c left join pg_inherits as i
      on i.inhrelid = c.oid and i.inhparent = $1::text::regclass
    where c.relkind = 'r' and c.relname ~ ('^' || $1::text || '_\\d{8}(_\\d{2})?$')
      and c.relnamespace = (select relnamespace from pg_class where oid = $1::text::regclass)
      and (i.inhrelid is not null or obj_description(c.oid, 'pg_class') = '${REMARK}'))
  select name, is_attached as "isAttached", is_pending as "isPending" from slices
  where to_timestamp(substr(name, length($1::text) + 2), 'YYYYMMDD_HH24')::timestamp
      at time zone 'UTC' < now() - $2 * interval '1 ms'
  order by is_pending desc, name`

/**
 * Drops the partitions whose last row is older than `olderThanMs`. Returns the names of the
 * partitions that could not be dropped yet because other transactions are reading them.
 */
export async function dropOldPartitions(
  database: Database,
  table: PartitionedTable,
  olderThanMs: number,
): Promise<string[]> {
  const client = await database.pool.connect().catch((error: unknown) => {
    throw storeError(error)
  })
  // A connection that is lost between two statements emits an error, which would end the process.
  // The next statement then fails.
  client.on('error', () => undefined)
  try {
    await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`)
    await client.query(`set statement_timeout = ${DETACH_TIMEOUT_MS}`)
    return (await isAlone(client)) ? await dropAll(client, table, olderThanMs) : []
  } catch (error) {
    throw storeError(error)
  } finally {
    // Closing the connection also removes its time limits and its advisory lock.
    client.release(true)
  }
}

/** Whether this process got the lock. Only one process at a time drops partitions. */
async function isAlone(client: pg.PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ is_alone: boolean }>(
    `select pg_try_advisory_lock(hashtext('signalbox.old_partitions')) as is_alone`,
  )
  return rows[0]?.is_alone ?? false
}

async function dropAll(
  client: pg.PoolClient,
  table: PartitionedTable,
  olderThanMs: number,
): Promise<string[]> {
  const { rows } = await client.query<OldPartition>(OLD, [table, olderThanMs + SPAN_MS])
  const left: string[] = []
  for (const [index, partition] of rows.entries()) {
    if (partition.isAttached && !(await detach(client, table, partition)))
      return [...left, ...rows.slice(index).map(({ name }) => name)]
    if (!(await inTime(client, `drop table ${quoted(partition)}`))) left.push(partition.name)
  }
  return left
}

async function detach(
  client: pg.PoolClient,
  table: PartitionedTable,
  partition: OldPartition,
): Promise<boolean> {
  const name = quoted(partition)
  const how = partition.isPending ? 'finalize' : 'concurrently'
  return (
    (await inTime(client, `comment on table ${name} is '${REMARK}'`)) &&
    (await inTime(client, `alter table ${table} detach partition ${name} ${how}`))
  )
}

/** Quotes a partition's name. The name matches the pattern in OLD, so it needs no escaping. */
function quoted({ name }: OldPartition): string {
  return `"${name}"`
}

/**
 * The SQLSTATEs lock_not_available and query_canceled. A statement time-out causes query_canceled.
 */
const TOO_LONG = new Set(['55P03', '57014'])

/** Runs a statement. Returns false if the statement exceeded the lock or statement time-out. */
async function inTime(client: pg.PoolClient, statement: string): Promise<boolean> {
  try {
    await client.query(statement)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && TOO_LONG.has(String(error.code))) return false
    throw error
  }
}
