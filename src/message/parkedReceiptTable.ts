// Receipts that match no message yet. Whoever brings a receipt parks it if its upstream id is
// unknown, and whoever writes an upstream id takes the receipts that are parked for it. A sweep
// finds what both sides missed.

import type { Database } from '../database/database.ts'
import type { UpstreamIdRow } from './stateChanges.ts'
import type { ReceiptKey } from './upstreamIdTable.ts'

type Run = Database['run']

export interface ParkedReceipt extends ReceiptKey {
  /** The receipt in the form in which it came from the queue (receiptWire.ts). */
  receipt: Buffer
  receivedAtMs: number
}

const PARK = {
  name: 'parkedReceipts.park',
  text: `insert into parked_receipts (connector, upstream_id, receipt, received_at, due_at)
    select connector, upstream_id, receipt, to_timestamp(received_at / 1000.0),
      now() + interval '1 second'
    from unnest($1::text[], $2::text[], $3::bytea[], $4::float8[])
      as parked (connector, upstream_id, receipt, received_at)`,
}

export async function parkReceipts(run: Run, parked: readonly ParkedReceipt[]): Promise<void> {
  if (parked.length === 0) return
  await run(PARK, [
    parked.map((one) => one.connector),
    parked.map((one) => one.upstreamId),
    parked.map((one) => one.receipt),
    parked.map((one) => one.receivedAtMs),
  ])
}

const TAKE_FOR = {
  name: 'parkedReceipts.takeFor',
  text: `delete from parked_receipts as p
    using unnest($1::text[], $2::text[]) as written (connector, upstream_id)
    where p.connector = any($1::text[]) and p.upstream_id = any($2::text[])
      and p.connector = written.connector and p.upstream_id = written.upstream_id
    returning p.receipt`,
}

/** Takes the parked receipts for ids that are being written in this transaction. */
export async function takeParkedFor(run: Run, rows: readonly UpstreamIdRow[]): Promise<Buffer[]> {
  if (rows.length === 0) return []
  const taken = await run<{ receipt: Buffer }>(TAKE_FOR, [
    rows.map((row) => row.connector),
    rows.map((row) => row.upstreamId),
  ])
  return taken.map((row) => row.receipt)
}

const TAKE_DUE = {
  name: 'parkedReceipts.takeDue',
  text: `update parked_receipts as p set sweeps = p.sweeps + 1, due_at = now() + case p.sweeps
        when 0 then interval '9 seconds' when 1 then interval '90 seconds'
        else interval '15 minutes' end
    where p.id = any(array(select id from parked_receipts where due_at <= now()
      order by due_at limit $1 for update skip locked))
    returning p.id, p.receipt`,
}
const REMOVE = {
  name: 'parkedReceipts.remove',
  text: 'delete from parked_receipts where id = any($1::bigint[])',
}

/** The receipts whose sweep (after 1, 10, 100 s, then every 15 min) is due; they stay parked. */
export function parkedReceiptsDue(
  run: Run,
  max: number,
): Promise<{ id: string; receipt: Buffer }[]> {
  return run(TAKE_DUE, [max])
}

export async function removeParked(run: Run, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await run(REMOVE, [ids])
}

const EXPIRED = {
  name: 'parkedReceipts.expired',
  text: `select id, receipt, sweeps from parked_receipts
    where received_at < now() - $1 * interval '1 hour'
    order by id limit $2 for update skip locked`,
}

/** Receipts that waited longer than this, locked for the caller's transaction, oldest first. */
export function expiredParkedReceipts(
  run: Run,
  olderThanHours: number,
  max: number,
): Promise<{ id: string; receipt: Buffer; sweeps: number }[]> {
  return run(EXPIRED, [olderThanHours, max])
}

const COUNT = {
  name: 'parkedReceipts.count',
  text: 'select count(*)::float8 as receipts from parked_receipts',
}

export async function countParkedReceipts(run: Run): Promise<number> {
  const [row] = await run<{ receipts: number }>(COUNT)
  return row?.receipts ?? 0
}
