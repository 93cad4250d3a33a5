// The outbox holds deliveries (receipts on their way to customers), in one logical queue per user.
// Deliveries are written in chunks, in the same transaction as the state changes that they report.
// A gateway leases chunks, sends their deliveries, and settles each chunk as a whole
// (settlementTable.ts). A delivery that must wait for another attempt becomes a row of `outbox`,
// which is claimed separately. Each delivery ends as acknowledged, refused or expired. Refused and
// expired deliveries remain visible in `outbox`.
//
// A chunk is written once and deleted once. Its lease is a row of `outbox_leases`. Code that
// claims, settles or expires a chunk must lock the chunk first and its lease second.

import type { MessageId } from '../message/ids.ts'
import type { Database } from '../database/database.ts'
import { SearchFloors, WHOLE_LIST } from '../flow/searchFloors.ts'
import { type Delivery, inPieces, packDeliveries, unpackDeliveries } from './deliveryChunk.ts'

export const OUTBOX_TOPIC = 'outbox'

export interface OutboxEntry extends Delivery {
  readonly account: string
  /** The user that submitted the message. */
  readonly user: string
  readonly expiresAtMs: number
}

const ADD = {
  name: 'outbox.add',
  text: `insert into outbox_chunks (account, user_id, deliveries, payload, expires_at)
    select account, user_id, deliveries, payload, to_timestamp(expires_at / 1000.0)
    from unnest($1::text[], $2::text[], $3::int[], $4::bytea[], $5::float8[])
      as chunk (account, user_id, deliveries, payload, expires_at)`,
}

export async function addToOutbox(
  run: Database['run'],
  entries: readonly OutboxEntry[],
): Promise<void> {
  const chunks = byUser(entries).flatMap((group) =>
    inPieces(group).map((deliveries) => ({ first: group[0], deliveries })),
  )
  if (chunks.length === 0) return
  await run(ADD, [
    chunks.map(({ first }) => first?.account),
    chunks.map(({ first }) => first?.user),
    chunks.map(({ deliveries }) => deliveries.length),
    chunks.map(({ deliveries }) => packDeliveries(deliveries)),
    chunks.map(({ first }) => first?.expiresAtMs),
  ])
}

/** Groups entries by account, user and expiry. */
function byUser(entries: readonly OutboxEntry[]): readonly (readonly OutboxEntry[])[] {
  const groups = new Map<string, OutboxEntry[]>()
  for (const entry of entries) {
    const key = JSON.stringify([entry.account, entry.user, entry.expiresAtMs])
    const group = groups.get(key)
    if (group) group.push(entry)
    else groups.set(key, [entry])
  }
  return [...groups.values()]
}

/**
 * How many further deliveries a gateway can take, for one user or for any user of an account.
 */
export interface OutboxDemand {
  readonly account: string
  /** Undefined for any user of the account. */
  readonly user: string | undefined
  readonly room: number
}

/** A chunk or a row that a claim has leased. */
export interface ClaimedDeliveries {
  readonly id: string
  /** A row holds one delivery that was attempted before, or that an older version wrote. */
  readonly kind: 'chunk' | 'row'
  readonly account: string
  /** Null only if somebody inserted the row and its message by hand. */
  readonly user: string | null
  /** How often a row was claimed, including this claim; always 1 for a chunk. */
  readonly attempts: number
  readonly deliveries: readonly Delivery[]
}

export interface Claim {
  readonly claimed: readonly ClaimedDeliveries[]
  /** An error for each chunk that cannot be read. The chunk is tried again when its lease ends. */
  readonly unreadable: readonly Error[]
  /**
   * False if there may be more to claim, because the limit was reached or another process held a
   * lock.
   */
  readonly isComplete: boolean
}

/**
 * The most chunks that a claim reads for one user. The first `room` deliveries are usually in far
 * fewer chunks.
 */
const CHUNKS_OF_USER_MAX = 64

/**
 * Conditions that make PostgreSQL use one particular index. For an empty table, all indexes have
 * the same cost, so the planner could choose any of them. Therefore the condition on the user is a
 * range of only one value, and the rows are ordered by the user. Only the intended index can serve
 * this range in this order.
 */
const OF_USER = {
  where: `o.account = wanted.account and o.user_id between wanted.user_id and wanted.user_id`,
  // Both columns are in one comparison, so that the index search starts at the floor: the place
  // below which an earlier search found no chunks.
  fromFloor: `o.account = wanted.account and o.user_id <= wanted.user_id
    and (o.user_id, o.place) >= (wanted.user_id, wanted.from_place)`,
  order: 'o.user_id, ',
  demand: 'wanted.user_id is not null',
}
const OF_ACCOUNT = {
  where: 'o.account = wanted.account',
  fromFloor: 'o.account = wanted.account and o.place >= wanted.from_place',
  order: '',
  demand: 'wanted.user_id is null',
}

/** Selects the unleased chunks that hold the first `room` deliveries of each demand. */
function chunksOf({ fromFloor, demand, order }: typeof OF_USER): string {
  return `select chunk.id from wanted cross join lateral (
      select id from (
        select id, sum(deliveries) over (order by place, id) - deliveries as before
        from (select o.id, o.place, o.deliveries from outbox_chunks as o
          where ${fromFloor} and coalesce(
            (select l.until <= now() from outbox_leases as l where l.chunk_id = o.id), true)
          order by ${order}o.place limit ${CHUNKS_OF_USER_MAX}) as first) as sized
      where before < wanted.room) as chunk
    where ${demand}`
}

function rowsOf({ demand, order, where }: typeof OF_USER): string {
  return `select row.id from wanted cross join lateral (
      select o.id from outbox as o
      where ${where} and o.state = 'pending' and o.visible_at <= now()
      order by ${order}o.visible_at limit wanted.room for update skip locked) as row
    where ${demand}`
}

const CLAIM = {
  name: 'outbox.claim',
  text: `with wanted as materialized (
      select * from unnest($1::text[], $2::text[], $3::int[], $7::bigint[])
        as wanted (account, user_id, room, from_place)),
    chunks as materialized (
      ${chunksOf(OF_USER)}
      union all
      ${chunksOf(OF_ACCOUNT)}
      limit $6),
    locked as materialized (
      select id from outbox_chunks where id = any(array(select id from chunks))
      order by id for no key update skip locked),
    leased as (
      insert into outbox_leases as l (chunk_id, instance, until)
      select id, $5, now() + $4 * interval '1 ms' from locked
      on conflict (chunk_id) do update set instance = excluded.instance, until = excluded.until
        where l.until <= now()
      returning chunk_id),
    due as materialized (
      ${rowsOf(OF_USER)}
      union all
      ${rowsOf(OF_ACCOUNT)}
      limit $6),
    taken as (
      update outbox as o
        set visible_at = now() + $4 * interval '1 ms', attempts = o.attempts + 1, leased_by = $5
      where o.id = any(array(select id from due))
      returning o.id, o.account, o.user_id, o.message_id, o.deliver_sm, o.attempts)
    select id, place, 'chunk' as kind, account, user_id, null as message_id, payload, 1 as attempts
      from outbox_chunks where id = any(array(select chunk_id from leased))
    union all
    select id, id, 'row', account, user_id, message_id, deliver_sm, attempts from taken
    union all
    select null, null, 'missed', null, null, null, null, (select count(*) from chunks)::int
      where (select count(*) from leased) < (select count(*) from chunks)`,
}

interface ClaimedRow {
  id: string
  place: string
  kind: 'chunk' | 'row' | 'missed'
  account: string
  user_id: string | null
  message_id: MessageId | null
  payload: Buffer
  attempts: number
}

/**
 * Leases the chunks and rows that hold the first `room` deliveries of each demand. The last of
 * these chunks may hold further deliveries. At most `max` chunks and `max` rows are leased. The
 * cost depends on the number of leased deliveries, not on the number of waiting deliveries.
 * @param floors where the search for each user's chunks starts; pass the same object to every call
 */
export async function claimOutbox(
  database: Database,
  demands: readonly OutboxDemand[],
  leaseMs: number,
  instance: string,
  { floors = new SearchFloors(), max = 200 }: { floors?: SearchFloors; max?: number } = {},
): Promise<Claim> {
  const startedMs = performance.now()
  const lists = demands.map(listOf)
  const from = lists.map((list) => floors.of(list))
  const rows = await database.run<ClaimedRow>(CLAIM, [
    demands.map((one) => one.account),
    demands.map((one) => one.user ?? null),
    demands.map((one) => one.room),
    leaseMs,
    instance,
    max,
    from,
  ])
  const claimed: ClaimedDeliveries[] = []
  const unreadable: Error[] = []
  for (const row of rows.filter(({ kind }) => kind !== 'missed').toSorted(byPlace)) {
    const deliveries = deliveriesOf(row)
    if (deliveries instanceof Error) unreadable.push(deliveries)
    else claimed.push(claimedOf(row, deliveries))
  }
  const numberOf = (kind: ClaimedRow['kind']) => rows.filter((row) => row.kind === kind).length
  const isComplete = numberOf('chunk') < max && numberOf('row') < max && numberOf('missed') === 0
  const firstPlaces = firstPlacesOf(rows)
  for (const [index, list] of lists.entries()) {
    const place = firstPlaces.get(list)
    // If the claim was incomplete and leased no chunk of a list, the list may still have chunks, so
    // its search floor is left unchanged.
    if (isComplete || place !== undefined)
      floors.searched(list, from[index] ?? WHOLE_LIST, place, startedMs)
  }
  return { claimed, unreadable, isComplete }
}

/** Returns the lowest place among the claimed chunks of each user and of each account. */
function firstPlacesOf(rows: readonly ClaimedRow[]): ReadonlyMap<string, string> {
  const places = new Map<string, string>()
  for (const { account, kind, place, user_id } of rows.toSorted(byPlace).toReversed()) {
    if (kind !== 'chunk') continue
    places.set(listOf({ account, user: user_id }), place)
    places.set(listOf({ account, user: undefined }), place)
  }
  return places
}

/**
 * Returns the key of a user's list of chunks or, without a user, of an account's list. Ids contain
 * no line breaks.
 */
function listOf({ account, user }: { account: string; user: string | null | undefined }): string {
  return `${account}\n${user ?? ''}`
}

function deliveriesOf({ id, message_id, payload }: ClaimedRow): readonly Delivery[] | Error {
  if (message_id !== null) return [{ messageId: message_id, deliverSm: payload }]
  try {
    return unpackDeliveries(payload)
  } catch (cause) {
    return new Error(`the outbox chunk ${id} cannot be read`, { cause })
  }
}

function claimedOf(row: ClaimedRow, deliveries: readonly Delivery[]): ClaimedDeliveries {
  const { account, attempts, id, message_id, user_id } = row
  const kind = message_id === null ? 'chunk' : 'row'
  return { id, kind, account, user: user_id, attempts, deliveries }
}

function byPlace(a: ClaimedRow, b: ClaimedRow): number {
  return compare(a.place, b.place) || compare(a.id, b.id)
}

/** Compares two values of type bigint, which the driver returns as text. */
function compare(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : Number(a > b))
}
