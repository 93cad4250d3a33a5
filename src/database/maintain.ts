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
  // Batch ids are UUIDv7: the oldest are the first of the primary key.
  text: `delete from queue_batches where batch_id < uuid_at(now() - $1 * interval '1 hour')`,
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
/** A receipt whose message never showed up is kept where a person sees it. */
const UNMATCHED = {
  name: 'maintenance.unmatched',
  text: `with gone as (
      delete from parked_receipts where received_at < now() - $1 * interval '1 hour'
      returning receipt, sweeps)
    insert into dead_letters (queue, payload, reason, receives)
      select 'dlr', receipt, 'no message was found for this receipt', sweeps from gone`,
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
  await database.run(UNMATCHED, [receiptTtlHours])
  const old = await database.run<{ relname: string }>(OLD_UPSTREAM_PARTITIONS, [receiptTtlHours])
  for (const { relname } of old) {
    // Names come from the catalogue and match upstream_ids_YYYYMMDD_HH.
    await database.pool.query(`drop table if exists "${relname}"`)
  }
}
