// Dropping partitions whose rows are all too old, without holding anybody up. A plain drop waits
// for each reader of the table, such as pg_dump, and all writers wait behind it. So a partition is
// first detached concurrently, which locks nobody out but waits for the transactions that read
// the table. It has seconds for that. What could not be done in time is done the next time: a
// detachment that was interrupted is finished, and a detached table is dropped. A remark in the
// catalogue tells such a table from one that an operator detached to keep it.

import type pg from 'pg'
import { type Database, storeError } from './database.ts'

const HOUR_MS = 3_600_000

/** The tables that are cut by time. */
export type PartitionedTable =
  | 'acknowledged_chunks'
  | 'messages'
  | 'message_attempts'
  | 'outbox_acknowledged'
  | 'upstream_ids'

/** A partition holds a day, or less in a table of an older version. */
const SPAN_MS = 24 * HOUR_MS

/** Nobody waits longer behind a lock that could not be had. */
const LOCK_TIMEOUT_MS = 250
/** For the transactions that read the table. */
const DETACH_TIMEOUT_MS = 5_000
const REMARK = 'signalbox: too old, to be dropped'

interface OldPartition {
  readonly name: string
  readonly isAttached: boolean
  /** Its detachment was interrupted. At most one per table, which must be finished first. */
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

/** Returns the names of those that are still there, because others read them. */
export async function dropOldPartitions(
  database: Database,
  table: PartitionedTable,
  olderThanMs: number,
): Promise<string[]> {
  const client = await database.pool.connect().catch((error: unknown) => {
    throw storeError(error)
  })
  // A connection that is lost between two statements emits an error; the next statement tells.
  client.on('error', () => undefined)
  try {
    await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`)
    await client.query(`set statement_timeout = ${DETACH_TIMEOUT_MS}`)
    return (await isAlone(client)) ? await dropAll(client, table, olderThanMs) : []
  } catch (error) {
    throw storeError(error)
  } finally {
    // With its time limits and its lock.
    client.release(true)
  }
}

/** One process at a time; the others have nothing to do. */
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

/** Names come from the catalogue and match the pattern above. */
function quoted({ name }: OldPartition): string {
  return `"${name}"`
}

/** lock_not_available and query_canceled, which a statement over its time is. */
const TOO_LONG = new Set(['55P03', '57014'])

/** False if it was not to be had in time. */
async function inTime(client: pg.PoolClient, statement: string): Promise<boolean> {
  try {
    await client.query(statement)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && TOO_LONG.has(String(error.code))) return false
    throw error
  }
}
