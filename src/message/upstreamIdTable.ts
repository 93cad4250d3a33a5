// From the SMSC's id of a message to ours. Whoever writes an id also probes the receipts that were
// parked for it (parkedReceiptTable.ts); whoever brings a receipt looks here first.

import type { MessageId } from './ids.ts'
import { CLOCK_TOLERANCE_MS, SUFFIX_DIGITS_MIN } from './receiptMatch.ts'
import type { UpstreamIdRow } from './stateChanges.ts'
import type { Database } from '../database/database.ts'

type Run = Database['run']

const RECORD = {
  name: 'upstreamIds.record',
  text: `insert into upstream_ids
      (connector, upstream_id, segment, message_id, account, destination, submitted_at)
    select connector, upstream_id, segment, message_id, account, destination,
      to_timestamp(submitted_at / 1000.0)
    from unnest($1::text[], $2::text[], $3::int[], $4::uuid[], $5::text[], $6::text[], $7::float8[])
      as id (connector, upstream_id, segment, message_id, account, destination, submitted_at)
    on conflict do nothing`,
}

export async function recordUpstreamIds(run: Run, rows: readonly UpstreamIdRow[]): Promise<void> {
  if (rows.length === 0) return
  await run(RECORD, [
    rows.map((row) => row.connector),
    rows.map((row) => row.key),
    rows.map((row) => row.segment),
    rows.map((row) => row.messageId),
    rows.map((row) => row.account),
    rows.map((row) => row.destination),
    rows.map((row) => row.submittedAtMs),
  ])
}

/** What a receipt says of its message. */
export interface ReceiptKey {
  connector: string
  /** The SMSC's id by the connector's rule (upstreamIdKey.ts); '' matches nothing. */
  key: string
  /** As receiptMatch.ts compares it; '' where the receipt did not say. */
  destination: string
  receivedAtMs: number
}

export type ReceiptMatch =
  | { readonly kind: 'found'; readonly messageId: MessageId; readonly submittedAtMs: number }
  /** Messages of more than one account fit. */
  | { readonly kind: 'ambiguous' }

/** An SMSC that gives every message the same id must not make each receipt dearer. */
const CANDIDATES_MAX = 100

const FIND = {
  name: 'upstreamIds.find',
  text: `select (key.ordinal - 1)::int as index, found.message_id, found.is_ambiguous,
      (extract(epoch from found.submitted_at) * 1000)::float8 as submitted_at_ms
    from unnest($1::text[], $2::text[], $3::text[], $4::float8[]) with ordinality
      as key (connector, upstream_id, destination, received_at, ordinal)
    cross join lateral (
      select (array_agg(fits.message_id order by fits.submitted_at desc))[1] as message_id,
        max(fits.submitted_at) as submitted_at,
        min(fits.account) <> max(fits.account) as is_ambiguous
      from (
        select message_id, account, submitted_at from upstream_ids as u
        where u.connector = key.connector and u.upstream_id = key.upstream_id
          and key.upstream_id <> ''
          and u.submitted_at <= to_timestamp((key.received_at + ${CLOCK_TOLERANCE_MS}) / 1000.0)
          and (key.destination = '' or u.destination = '' or u.destination = key.destination
            or length(key.destination) >= ${SUFFIX_DIGITS_MIN}
              and right(u.destination, length(key.destination)) = key.destination
            or length(u.destination) >= ${SUFFIX_DIGITS_MIN}
              and right(key.destination, length(u.destination)) = u.destination)
        order by u.submitted_at desc limit ${CANDIDATES_MAX}) as fits
      having count(*) > 0) as found`,
}

interface FoundRow {
  index: number
  message_id: MessageId
  is_ambiguous: boolean
  submitted_at_ms: number
}

/**
 * The newest message that fits each receipt, by index into `keys`; receipts that no message fits
 * are absent.
 */
export async function findByUpstreamId(
  run: Run,
  keys: readonly ReceiptKey[],
): Promise<Map<number, ReceiptMatch>> {
  if (keys.length === 0) return new Map()
  const rows = await run<FoundRow>(FIND, [
    keys.map((key) => key.connector),
    keys.map((key) => key.key),
    keys.map((key) => key.destination),
    keys.map((key) => key.receivedAtMs),
  ])
  return new Map(
    rows.map((row): [number, ReceiptMatch] => [
      row.index,
      row.is_ambiguous
        ? { kind: 'ambiguous' }
        : { kind: 'found', messageId: row.message_id, submittedAtMs: row.submitted_at_ms },
    ]),
  )
}
