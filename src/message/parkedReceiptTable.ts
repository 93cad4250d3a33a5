// Receipts that match no message yet. Whoever brings a receipt parks it if nothing fits, and
// whoever writes an upstream id probes the receipts that are parked for it. A sweep finds what both
// sides missed. A receipt leaves when it has matched, or is set aside at the end of its time.

import type { Database } from '../database/database.ts'
import { CLOCK_TOLERANCE_MS } from './receiptMatch.ts'
import type { UpstreamIdRow } from './stateChanges.ts'
import type { ReceiptKey } from './upstreamIdTable.ts'

type Run = Database['run']

/** Why it waits. `ambiguous`: messages of several accounts fit, so it is nobody's. */
export type ParkingReason = 'unmatched' | 'ambiguous' | 'without id'

export interface ReceiptToPark extends ReceiptKey {
  /** The receipt as it lay on the queue (receiptWire.ts). */
  receipt: Buffer
  reason: ParkingReason
}

export interface ParkedReceipt {
  id: string
  receipt: Buffer
}

const PARK = {
  name: 'parkedReceipts.park',
  text: `insert into parked_receipts
      (connector, upstream_id, receipt, received_at, reason, due_at)
    select connector, upstream_id, receipt, to_timestamp(received_at / 1000.0), reason,
      now() + interval '1 second'
    from unnest($1::text[], $2::text[], $3::bytea[], $4::float8[], $5::text[])
      as parked (connector, upstream_id, receipt, received_at, reason)`,
}

export async function parkReceipts(run: Run, parked: readonly ReceiptToPark[]): Promise<void> {
  if (parked.length === 0) return
  await run(PARK, [
    parked.map((one) => one.connector),
    parked.map((one) => one.key),
    parked.map((one) => one.receipt),
    parked.map((one) => one.receivedAtMs),
    parked.map((one) => one.reason),
  ])
}

/** The rest is found by a sweep. */
const PROBED_MAX = 1_000

const PROBE = {
  name: 'parkedReceipts.probe',
  text: `select p.id, p.receipt from parked_receipts as p
    where p.connector = any($1::text[]) and p.upstream_id = any($2::text[])
      and exists (
        select from unnest($1::text[], $2::text[], $3::float8[])
          as written (connector, upstream_id, submitted_at)
        where written.connector = p.connector and written.upstream_id = p.upstream_id
          and to_timestamp((written.submitted_at - ${CLOCK_TOLERANCE_MS}) / 1000.0)
            <= p.received_at)
    limit ${PROBED_MAX}`,
}

/** The receipts parked for ids that are being written in this transaction. They stay parked. */
export function parkedReceiptsFor(
  run: Run,
  submissions: readonly UpstreamIdRow[],
): Promise<ParkedReceipt[]> {
  // A receipt without an id waits for nobody.
  const rows = submissions.filter(({ key }) => key !== '')
  if (rows.length === 0) return Promise.resolve([])
  return run(PROBE, [
    rows.map((row) => row.connector),
    rows.map((row) => row.key),
    rows.map((row) => row.submittedAtMs),
  ])
}

const AMBIGUOUS = {
  name: 'parkedReceipts.ambiguous',
  text: `update parked_receipts set reason = 'ambiguous'
    where id = any($1::bigint[]) and reason <> 'ambiguous'`,
}

export async function markAmbiguous(run: Run, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await run(AMBIGUOUS, [ids])
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

/** Those whose next sweep (after 1, 10, 100 s, then every 15 min) is due; they stay parked. */
export function parkedReceiptsDue(run: Run, max: number): Promise<ParkedReceipt[]> {
  return run(TAKE_DUE, [max])
}

export async function removeParked(run: Run, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await run(REMOVE, [ids])
}

export interface ExpiredReceipt extends ParkedReceipt {
  reason: ParkingReason
  sweeps: number
}

const EXPIRED = {
  name: 'parkedReceipts.expired',
  text: `select id, receipt, reason, sweeps from parked_receipts
    where received_at < now() - $1 * interval '1 hour'
    order by id limit $2 for update skip locked`,
}

/** Receipts that waited longer than this, locked for the caller's transaction, oldest first. */
export function expiredParkedReceipts(
  run: Run,
  olderThanHours: number,
  max: number,
): Promise<ExpiredReceipt[]> {
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
