// Receipts that match no message yet. The dlr-processor parks a receipt if it finds no matching
// message: it stores the receipt in this table. When it writes an upstream id (the message id that
// an SMSC assigned), it looks for receipts parked under that id. If two concurrent transactions
// miss each other, a later sweep of the parked receipts finds the match. A row is deleted when its
// receipt has matched a message, or when the receipt has waited too long.

import type { Database } from '../database/database.ts'
import { CLOCK_TOLERANCE_MS } from './receiptMatch.ts'
import type { UpstreamIdRow } from './stateChanges.ts'
import type { ReceiptKey } from './upstreamIdTable.ts'

type Run = Database['run']

/**
 * Why a receipt is parked. `ambiguous` means that messages of several accounts match, so that no
 * message can be chosen.
 */
export type ParkingReason = 'unmatched' | 'ambiguous' | 'without id'

export interface ReceiptToPark extends ReceiptKey {
  /** The receipt in its wire form on the queue (receiptWire.ts). */
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

/** Limits the receipts that parkedReceiptsFor returns. A later sweep finds any further receipts. */
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

/**
 * Reads the receipts parked under the upstream ids that the caller's transaction writes. The
 * receipts remain parked.
 */
export function parkedReceiptsFor(
  run: Run,
  submissions: readonly UpstreamIdRow[],
): Promise<ParkedReceipt[]> {
  // A submission without an id cannot match a receipt.
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

/**
 * Reads the receipts that are due for a sweep and schedules the next sweep for them. Sweeps are due
 * 1, 10 and 100 s after parking, then every 15 min. The receipts remain parked.
 */
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

/**
 * Reads the parked receipts that are older than `olderThanHours`, oldest first. The receipts stay
 * locked until the end of the caller's transaction.
 */
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
