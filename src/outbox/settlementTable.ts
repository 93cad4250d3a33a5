// Settles the chunks and rows that a gateway claimed. A chunk holds several deliveries (receipts on
// their way to customers), and a row of `outbox` holds one. A chunk is settled as a whole, in one
// statement: the chunk is deleted, and each of its deliveries is recorded as acknowledged, becomes
// a row of `outbox`, or is put back into a new chunk. If another process now leases the chunk,
// nothing is recorded, and that process delivers the chunk again.

import { firstIdOfNextDay, type MessageId, timeOf } from '../message/ids.ts'
import { type Database, QueryRefused } from '../database/database.ts'
import { ensurePartitionsFor, NO_PARTITION } from '../database/partitionTable.ts'
import { type Delivery, inPieces, packDeliveries, packIds } from './deliveryChunk.ts'

interface Claimed {
  readonly id: string
  readonly kind: 'chunk' | 'row'
}

/** The outcome of a claimed chunk or row. Each of its deliveries is in one of the lists. */
export interface ClaimOutcome extends Claimed {
  readonly acknowledged: readonly { readonly messageId: MessageId; readonly user: string }[]
  readonly refused: readonly { readonly delivery: Delivery; readonly commandStatus: number }[]
  readonly retry: readonly { readonly delivery: Delivery; readonly delayMs: number }[]
  /** Deliveries that were not attempted. Any process may claim them immediately. */
  readonly putBack: readonly Delivery[]
}

const SETTLE_CHUNKS = {
  name: 'outbox.settleChunks',
  text: `with held as materialized (
      select id from outbox_chunks where id = any($1::bigint[]) order by id for update),
    mine as (
      delete from outbox_leases where chunk_id = any(array(select id from held)) and instance = $2
      returning chunk_id),
    gone as (
      delete from outbox_chunks where id = any(array(select chunk_id from mine))
      returning id, place, account, user_id, created_at, expires_at),
    acknowledged as (
      insert into acknowledged_chunks (message_id, last_id, message_ids, chunk_id, user_id)
      select ack.first_id, ack.last_id, ack.message_ids, ack.chunk_id, ack.user_id
      from unnest($3::bigint[], $4::uuid[], $5::uuid[], $6::bytea[], $7::text[])
        as ack (chunk_id, first_id, last_id, message_ids, user_id)
      join gone on gone.id = ack.chunk_id),
    put_back as (
      insert into outbox_chunks
        (place, account, user_id, deliveries, payload, created_at, expires_at)
      select place, account, user_id, back.deliveries, back.payload, created_at, expires_at
      from unnest($8::bigint[], $9::int[], $10::bytea[]) with ordinality
        as back (chunk_id, deliveries, payload, turn)
      join gone on gone.id = back.chunk_id order by back.turn)
    insert into outbox (account, user_id, message_id, deliver_sm, state, created_at, expires_at,
        visible_at, attempts, command_status, ended_at)
      select account, user_id, alone.message_id, alone.deliver_sm,
        case when alone.status is null then 'pending' else 'refused' end,
        created_at, expires_at, now() + coalesce(alone.delay, 0) * interval '1 ms', 1,
        alone.status, case when alone.status is not null then now() end
      from unnest($11::bigint[], $12::uuid[], $13::bytea[], $14::float8[], $15::bigint[])
        as alone (chunk_id, message_id, deliver_sm, delay, status)
      join gone on gone.id = alone.chunk_id`,
}

const ACKNOWLEDGE = {
  name: 'outbox.acknowledge',
  text: `with gone as (
      delete from outbox as o using unnest($1::bigint[], $2::text[]) as ack (id, user_id)
      where o.id = any($1::bigint[]) and o.id = ack.id returning o.message_id, o.id, ack.user_id)
    insert into outbox_acknowledged (message_id, outbox_id, user_id)
      select message_id, id, user_id from gone`,
}
const REFUSE = {
  name: 'outbox.refuse',
  text: `update outbox as o set state = 'refused', command_status = refusal.status, ended_at = now()
    from unnest($1::bigint[], $2::bigint[]) as refusal (id, status)
    where o.id = any($1::bigint[]) and o.id = refusal.id and o.state = 'pending'
      and o.leased_by = $3`,
}
const RETRY = {
  name: 'outbox.retry',
  text: `update outbox as o set leased_by = null, attempts = o.attempts - again.unused,
      visible_at = now() + again.delay * interval '1 ms'
    from unnest($1::bigint[], $2::float8[], $3::int[]) as again (id, delay, unused)
    where o.id = any($1::bigint[]) and o.id = again.id and o.state = 'pending'
      and o.leased_by = $4`,
}

/**
 * Settles claims. The call may be repeated, because settling a claim again has no effect. Settling
 * a claim that another process now holds has no effect either, except that the acknowledgement of a
 * row is always recorded. Missing partitions for acknowledgements are created.
 */
export async function settleOutbox(
  database: Database,
  instance: string,
  outcomes: readonly ClaimOutcome[],
): Promise<void> {
  const settle = () => settleAll(database, instance, outcomes)
  try {
    await settle()
  } catch (error) {
    if (!(error instanceof QueryRefused && error.sqlState === NO_PARTITION)) throw error
    const times = outcomes.flatMap(({ acknowledged }) =>
      acknowledged.map(({ messageId }) => timeOf(messageId)),
    )
    await ensurePartitionsFor(database, times)
    await settle()
  }
}

async function settleAll(
  database: Database,
  instance: string,
  outcomes: readonly ClaimOutcome[],
): Promise<void> {
  const chunks = outcomes.filter(({ kind }) => kind === 'chunk')
  if (chunks.length > 0) await database.run(SETTLE_CHUNKS, columnsOf(chunks, instance))
  await settleRows(
    database,
    instance,
    outcomes.filter(({ kind }) => kind === 'row'),
  )
}

function columnsOf(chunks: readonly ClaimOutcome[], instance: string): unknown[] {
  const acks = chunks.flatMap(acknowledgedTogether)
  const back = chunks.flatMap(({ acknowledged, id, putBack }) =>
    inPieces(putBack, pieceAfter(acknowledged.length)).map((piece) => ({ id, piece })),
  )
  const alone = chunks.flatMap(({ id, refused, retry }) => [
    ...refused.map(({ commandStatus, delivery }) => ({
      id,
      delivery,
      commandStatus,
      delayMs: null,
    })),
    ...retry.map(({ delayMs, delivery }) => ({ id, delivery, commandStatus: null, delayMs })),
  ])
  return [
    chunks.map(({ id }) => id),
    instance,
    acks.map(({ id }) => id),
    acks.map(({ messageIds }) => messageIds[0]),
    acks.map(({ messageIds }) => messageIds.at(-1)),
    acks.map(({ messageIds }) => packIds(messageIds)),
    acks.map(({ user }) => user),
    back.map(({ id }) => id),
    back.map(({ piece }) => piece.length),
    back.map(({ piece }) => packDeliveries(piece)),
    alone.map(({ id }) => id),
    alone.map(({ delivery }) => delivery.messageId),
    alone.map(({ delivery }) => delivery.deliverSm),
    alone.map(({ delayMs }) => delayMs),
    alone.map(({ commandStatus }) => commandStatus),
  ]
}

interface AcknowledgedTogether {
  readonly id: string
  readonly user: string
  /** In ascending order. */
  readonly messageIds: readonly MessageId[]
}

/**
 * Groups a chunk's acknowledgements into rows. A row holds ids that the same user acknowledged and
 * that belong to the same partition. A partition holds a day of ids.
 */
function acknowledgedTogether({ acknowledged, id }: ClaimOutcome): AcknowledgedTogether[] {
  const byUser = Map.groupBy(acknowledged, ({ user }) => user)
  return [...byUser].flatMap(([user, group]) => {
    const messageIds = group.map(({ messageId }) => messageId).sort()
    return byDay(messageIds).map((ofDay) => ({ id, user, messageIds: ofDay }))
  })
}

/**
 * Splits ids by day (UTC).
 * @param messageIds sorted ids
 */
function byDay(messageIds: readonly MessageId[]): readonly (readonly MessageId[])[] {
  const [first] = messageIds
  if (first === undefined) return []
  const nextDay = firstIdOfNextDay(first)
  const end = messageIds.findIndex((messageId) => messageId >= nextDay)
  return end < 0 ? [messageIds] : [messageIds.slice(0, end), ...byDay(messageIds.slice(end))]
}

const PIECE_MIN = 16

/**
 * The most deliveries in a chunk that is put back: twice the number that the customer acknowledged,
 * but at least PIECE_MIN. Thus a slow customer gets smaller chunks.
 */
function pieceAfter(acknowledged: number): number {
  return Math.max(PIECE_MIN, 2 * acknowledged)
}

async function settleRows(
  database: Database,
  instance: string,
  rows: readonly ClaimOutcome[],
): Promise<void> {
  const acknowledged = rows.flatMap(({ id, acknowledged: [ack] }) => (ack ? [{ id, ...ack }] : []))
  const refused = rows.flatMap(({ id, refused: [refusal] }) =>
    refusal ? [{ id, ...refusal }] : [],
  )
  const retry = rows.flatMap(({ id, putBack, retry: [again] }) =>
    again || putBack.length > 0
      ? [{ id, delayMs: again?.delayMs ?? 0, unused: putBack.length }]
      : [],
  )
  if (acknowledged.length > 0)
    await database.run(ACKNOWLEDGE, [
      acknowledged.map(({ id }) => id),
      acknowledged.map(({ user }) => user),
    ])
  if (refused.length > 0)
    await database.run(REFUSE, [
      refused.map(({ id }) => id),
      refused.map(({ commandStatus }) => commandStatus),
      instance,
    ])
  if (retry.length > 0)
    await database.run(RETRY, [
      retry.map(({ id }) => id),
      retry.map(({ delayMs }) => delayMs),
      retry.map(({ unused }) => unused),
      instance,
    ])
}

const RECLAIM_CHUNKS = {
  name: 'outbox.reclaimChunks',
  text: `delete from outbox_leases where instance = $1 and chunk_id <> all($2::bigint[])`,
}
const RECLAIM_ROWS = {
  name: 'outbox.reclaimRows',
  text: `update outbox set visible_at = now(), leased_by = null
    where id = any(array(
      select id from outbox
      where state = 'pending' and leased_by between $1 and $1 and id <> all($2::bigint[])
      order by leased_by))`,
}

/**
 * Releases the claims of this instance that are not in progress, so that the deliveries can be
 * claimed again immediately. Such claims come from an earlier process of the same name, or from a
 * request whose answer was lost.
 * @param inHand the ids of the claims in progress
 */
export async function reclaimOutbox(
  database: Database,
  instance: string,
  inHand: readonly string[],
): Promise<void> {
  await database.run(RECLAIM_CHUNKS, [instance, inHand])
  await database.run(RECLAIM_ROWS, [instance, inHand])
}
