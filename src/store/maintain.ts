import type { Database } from './database.ts'

// Housekeeping that keeps the store from filling up. Each may run in several processes at once.

const DAYS_AHEAD = 3
/** A batch is retried within seconds; an hour is far beyond any deadline. */
const BATCH_MARK_HOURS = 1

const PARTITIONS = {
  name: 'maintenance.partitions',
  text: `select ensure_partitions(now() - interval '1 day', now() + $1 * interval '1 day')`,
}
const OLD_BATCHES = {
  name: 'maintenance.batches',
  text: `delete from queue_batches where batch_id in (select batch_id from queue_batches
    where published_at < now() - $1 * interval '1 hour' limit 50000)`,
}
/** An envelope's checkpoint goes when it is settled; these are what crashes left behind. */
const OLD_CHECKPOINTS = {
  name: 'maintenance.checkpoints',
  text: `delete from checkpoints where updated_at < now() - interval '7 days'`,
}
const OLD_PROCESSES = {
  name: 'maintenance.processes',
  text: `delete from processes where heartbeat_at < now() - interval '1 hour'`,
}
const OLD_UPSTREAM_PARTITIONS = {
  name: 'maintenance.oldUpstreamPartitions',
  text: `with slices as materialized (
      select c.relname from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
      where i.inhparent = 'upstream_ids'::regclass)
    select relname from slices
    where to_timestamp(right(relname, 11), 'YYYYMMDD_HH24') at time zone 'UTC'
      < (now() - ($1 + 6) * interval '1 hour') at time zone 'UTC'`,
}

export async function maintain(database: Database, receiptTtlHours: number): Promise<void> {
  await database.run(PARTITIONS, [DAYS_AHEAD])
  await database.run(OLD_BATCHES, [BATCH_MARK_HOURS])
  await database.run(OLD_CHECKPOINTS)
  await database.run(OLD_PROCESSES)
  const old = await database.run<{ relname: string }>(OLD_UPSTREAM_PARTITIONS, [receiptTtlHours])
  for (const { relname } of old) {
    // Names come from the catalogue and match upstream_ids_YYYYMMDD_HH.
    await database.pool.query(`drop table if exists "${relname}"`)
  }
}
