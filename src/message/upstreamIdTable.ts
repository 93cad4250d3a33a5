// Finds our message by the SMSC's id. Whoever writes an id also takes the receipts that were parked
// for it (parkedReceiptTable.ts); whoever brings a receipt looks here first.

import type { MessageId, UpstreamId } from './ids.ts'
import type { UpstreamIdRow } from './stateChanges.ts'
import type { Database } from '../database/database.ts'

type Run = Database['run']

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
  /** '' if the receipt did not say. */
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

/** The newest message for each key, by index into `keys`; absent for a key without a message. */
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
