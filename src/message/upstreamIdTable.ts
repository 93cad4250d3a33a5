// The submissions of messages. The table maps the id that an SMSC assigned to our message id, and
// our message id to the message's last submission. Rows are inserted and never updated. The
// dlr-processor searches this table when it handles a receipt. When it inserts a row, it also looks
// for receipts that were parked under the row's id (parkedReceiptTable.ts).

import type { MessageId } from './ids.ts'
import { CLOCK_TOLERANCE_MS, SUFFIX_DIGITS_MIN } from './receiptMatch.ts'
import type { UpstreamIdRow } from './stateChanges.ts'
import type { Database } from '../database/database.ts'

type Run = Database['run']

const RECORD = {
  name: 'upstreamIds.record',
  text: `with submission as materialized (
      select * from unnest($1::text[], $2::text[], $3::int[], $4::uuid[], $5::text[], $6::text[],
        $7::float8[], $8::text[], $9::int[])
        as submission (connector, upstream_id, segment, message_id, account, destination,
          submitted_at, given_id, attempts)),
    recorded as (
      insert into upstream_ids (connector, upstream_id, segment, message_id, account, destination,
        submitted_at, given_id, attempts)
      select connector, upstream_id, segment, message_id, account, destination,
        to_timestamp(submitted_at / 1000.0), given_id, attempts
      from submission)
    select distinct message_id from submission
    where not exists (select from messages as m where m.message_id = submission.message_id)`,
}

/** Inserts submissions. Returns the ids of those messages that have no row in `messages` yet. */
export async function recordUpstreamIds(
  run: Run,
  rows: readonly UpstreamIdRow[],
): Promise<Set<MessageId>> {
  if (rows.length === 0) return new Set()
  const missing = await run<{ message_id: MessageId }>(RECORD, [
    rows.map((row) => row.connector),
    rows.map((row) => row.key),
    rows.map((row) => row.segment),
    rows.map((row) => row.messageId),
    rows.map((row) => row.account),
    rows.map((row) => row.destination),
    rows.map((row) => row.submittedAtMs),
    rows.map((row) => (row.upstreamId === row.key ? null : row.upstreamId)),
    rows.map((row) => row.attempts),
  ])
  return new Set(missing.map(({ message_id }) => message_id))
}

/**
 * A subquery for the last submission of the message `m`. The clocks of two hosts may differ, but by
 * far less than the hour that the subquery allows.
 */
export const LAST_SUBMISSION = `select connector, coalesce(given_id, upstream_id) as upstream_id,
  submitted_at, attempts from upstream_ids as u
  where u.message_id = m.message_id and u.submitted_at > m.accepted_at - interval '1 hour'
  order by u.submitted_at desc limit 1`

/** The fields of a receipt that identify its message. */
export interface ReceiptKey {
  connector: string
  /**
   * The lookup key of the id that the SMSC assigned (upstreamIdKey.ts). '' matches no submission.
   */
  key: string
  /**
   * The subscriber's number, in the form that receiptMatch.ts compares. '' if the receipt does not
   * contain the number.
   */
  destination: string
  receivedAtMs: number
}

export type ReceiptMatch =
  | { readonly kind: 'found'; readonly messageId: MessageId; readonly submittedAtMs: number }
  /** Messages of more than one account match. */
  | { readonly kind: 'ambiguous' }

/** Limits the cost of a receipt from an SMSC that gives every message the same id. */
const CANDIDATES_MAX = 100

const FIND = {
  name: 'upstreamIds.find',
  // The time bounds $5 and $6 select the partitions once for all receipts.
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
        where hashtextextended(u.connector || '/' || u.upstream_id, 0)
            = hashtextextended(key.connector || '/' || key.upstream_id, 0)
          and u.connector = key.connector and u.upstream_id = key.upstream_id
          and key.upstream_id <> ''
          and u.submitted_at >= to_timestamp($5::float8 / 1000.0)
          and u.submitted_at <= to_timestamp($6::float8 / 1000.0)
          and u.submitted_at >= to_timestamp((key.received_at - $7::float8) / 1000.0)
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
 * Finds the newest message that matches each receipt. The keys of the result are indexes into
 * `keys`. Receipts without a match are absent.
 * @param withinMs how long before a receipt its message may have been submitted
 */
export async function findByUpstreamId(
  run: Run,
  keys: readonly ReceiptKey[],
  withinMs: number,
): Promise<Map<number, ReceiptMatch>> {
  if (keys.length === 0) return new Map()
  const times = keys.map((key) => key.receivedAtMs)
  const rows = await run<FoundRow>(FIND, [
    keys.map((key) => key.connector),
    keys.map((key) => key.key),
    keys.map((key) => key.destination),
    times,
    times.reduce((least, time) => Math.min(least, time)) - withinMs,
    times.reduce((most, time) => Math.max(most, time)) + CLOCK_TOLERANCE_MS,
    withinMs,
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
