// Partitions of the tables that are cut by time: messages and outbox_acknowledged by day of the
// message id, upstream_ids by six hours of the submission.

import type { Database } from './database.ts'

const ENSURE = {
  name: 'partitions.ensure',
  text: `select ensure_partitions(to_timestamp($1 / 1000.0), to_timestamp($2 / 1000.0))`,
}
const ENSURE_AHEAD = {
  name: 'partitions.ensureAhead',
  text: `select ensure_partitions(now() - interval '1 day', now() + $1 * interval '1 day')`,
}
const OLD_UPSTREAM_IDS = {
  name: 'partitions.oldUpstreamIds',
  text: `with slices as materialized (
      select c.relname from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
      where i.inhparent = 'upstream_ids'::regclass)
    select relname from slices
    where to_timestamp(right(relname, 11), 'YYYYMMDD_HH24') at time zone 'UTC'
      < (now() - ($1 + 6) * interval '1 hour') at time zone 'UTC'`,
}

/** PostgreSQL's check_violation, which a row without a partition is. */
export const NO_PARTITION = '23514'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/**
 * Creates the missing partitions for messages of these times. It goes day by day: one message from
 * a gateway with a wrong clock must not create fifty years of them.
 */
export async function ensurePartitionsFor(
  database: Database,
  timesMs: readonly number[],
): Promise<void> {
  // A row's own time may lie a little after its message's.
  const near = timesMs.flatMap((atMs) => [atMs, atMs + HOUR_MS])
  const days = new Set(near.map((atMs) => Math.floor(atMs / DAY_MS) * DAY_MS))
  for (const dayMs of days) await database.run(ENSURE, [dayMs, dayMs])
}

/** Creates the missing partitions from yesterday to `days` ahead. */
export async function ensurePartitionsAhead(database: Database, days: number): Promise<void> {
  await database.run(ENSURE_AHEAD, [days])
}

/** Drops the partitions of upstream_ids that are older than any receipt we wait for. */
export async function dropOldUpstreamIds(database: Database, olderThanHours: number) {
  const old = await database.run<{ relname: string }>(OLD_UPSTREAM_IDS, [olderThanHours])
  for (const { relname } of old) {
    // Names come from the catalogue and match upstream_ids_YYYYMMDD_HH.
    await database.pool.query(`drop table if exists "${relname}"`)
  }
}
