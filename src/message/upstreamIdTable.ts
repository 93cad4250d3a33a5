// From the SMSC's id of a message to ours, and the receipts that wait for such an id to appear.
// Both sides look: whoever writes an id takes the parked receipts for it, whoever brings a receipt
// looks for the id first and parks it when there is none. When both miss each other, a sweep finds
// it.

import type { MessageId, UpstreamId } from './ids.ts'
import type { Database } from '../database/database.ts'

type Run = Database['run']

export interface UpstreamIdRow {
  connector: string
  upstreamId: UpstreamId
  segment: number
  messageId: MessageId
  destination: string
  submittedAtMs: number
}

const RECORD = {
  name: 'upstreamIds.record',
  text: `insert into upstream_ids
      (connector, upstream_id, segment, message_id, destination, submitted_at)
    select connector, upstream_id, segment, message_id, destination,
      to_timestamp(submitted_at / 1000.0)
    from unnest($1::text[], $2::text[], $3::int[], $4::uuid[], $5::text[], $6::float8[])
      as id (connector, upstream_id, segment, message_id, destination, submitted_at)
    on conflict do nothing`,
}

export async function recordUpstreamIds(run: Run, rows: readonly UpstreamIdRow[]): Promise<void> {
  if (rows.length === 0) return
  await run(RECORD, [
    rows.map((row) => row.connector),
    rows.map((row) => row.upstreamId),
    rows.map((row) => row.segment),
    rows.map((row) => row.messageId),
    rows.map((row) => row.destination),
    rows.map((row) => row.submittedAtMs),
  ])
}

export interface ReceiptKey {
  connector: string
  upstreamId: UpstreamId
  /** '' where the receipt did not say. */
  destination: string
}

const FIND = {
  name: 'upstreamIds.find',
  text: `select (key.ordinal - 1)::int as index, found.message_id
    from unnest($1::text[], $2::text[], $3::text[]) with ordinality
      as key (connector, upstream_id, destination, ordinal)
    cross join lateral (
      select message_id from upstream_ids as u
      where u.connector = key.connector and u.upstream_id = key.upstream_id
        and (key.destination = '' or u.destination = key.destination)
      order by u.submitted_at desc limit 1) as found`,
}

/** The newest message for each key, by index into `keys`; those without one are absent. */
export async function findByUpstreamId(
  run: Run,
  keys: readonly ReceiptKey[],
): Promise<Map<number, MessageId>> {
  if (keys.length === 0) return new Map()
  const rows = await run<{ index: number; message_id: MessageId }>(FIND, columnsOf(keys))
  return new Map(rows.map((row) => [row.index, row.message_id]))
}

function columnsOf(keys: readonly ReceiptKey[]): [string[], string[], string[]] {
  return [
    keys.map((key) => key.connector),
    keys.map((key) => key.upstreamId),
    keys.map((key) => key.destination),
  ]
}

export interface ParkedReceipt extends ReceiptKey {
  /** The receipt as it lay on the queue (contract/dlr.ts). */
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

/** Those whose next sweep (after 1, 10, 100 s, then every 15 min) is due; they stay parked. */
export function parkedReceiptsDue(
  run: Run,
  max: number,
): Promise<{ id: string; receipt: Buffer }[]> {
  return run(TAKE_DUE, [max])
}

export async function removeParked(run: Run, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await run(REMOVE, [ids])
}
