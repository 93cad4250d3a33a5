// Deliveries to customers: one logical queue per user, in an account. They are written in chunks,
// with the state changes they tell of, in one transaction. A gateway leases chunks, delivers what
// they hold, and settles each as a whole (settlementTable.ts). A delivery that has to wait for
// another attempt becomes a row of `outbox`, which is claimed by itself. Each delivery ends
// acknowledged, refused or expired; the last two stay visible.
//
// A chunk is written once and deleted once. Its lease is a row of `outbox_leases`. Whoever claims,
// settles or expires a chunk locks the chunk first and its lease second.

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

/** Entries of one user expire together. */
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

/** Room for deliveries to one user, or to anybody of an account. */
export interface OutboxDemand {
  readonly account: string
  /** Undefined for the whole account. */
  readonly user: string | undefined
  readonly room: number
}

/** What one claim leases as a whole. */
export interface ClaimedDeliveries {
  readonly id: string
  /** A row holds one delivery that was attempted before, or that an older version wrote. */
  readonly kind: 'chunk' | 'row'
  readonly account: string
  /** Null only if a row and its message were written by hand. */
  readonly user: string | null
  /** How often a row was claimed, this time included; 1 for a chunk. */
  readonly attempts: number
  readonly deliveries: readonly Delivery[]
}

export interface Claim {
  readonly claimed: readonly ClaimedDeliveries[]
  /** Chunks that cannot be read. They stay leased, so that they are tried again later. */
  readonly unreadable: readonly Error[]
  /** False if another process was in the way, or the limit was reached: there may be more. */
  readonly isComplete: boolean
}

/** Chunks looked at for one user. The first `room` deliveries are usually in far fewer. */
const CHUNKS_OF_USER_MAX = 64

/**
 * Conditions that make PostgreSQL use one particular index. For empty tables all indexes cost the
 * same, so the planner might choose any. A range over a single value, ordered by that column,
 * leaves only this index.
 */
const OF_USER = {
  where: `o.account = wanted.account and o.user_id between wanted.user_id and wanted.user_id`,
  // Both columns in one comparison, so that the search starts there.
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

/** Chunks that hold the first deliveries, until there is no more room. */
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
 * Leases what holds the first `room` deliveries of each user, or somewhat more, and at most `max`
 * chunks and `max` rows. The cost depends on what is leased, not on what waits.
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
    // If the claim was incomplete and brought no chunk of a list, that list may still hold some.
    if (isComplete || place !== undefined)
      floors.searched(list, from[index] ?? WHOLE_LIST, place, startedMs)
  }
  return { claimed, unreadable, isComplete }
}

/** The first place that was claimed of each user, and of each account. */
function firstPlacesOf(rows: readonly ClaimedRow[]): ReadonlyMap<string, string> {
  const places = new Map<string, string>()
  for (const { account, kind, place, user_id } of rows.toSorted(byPlace).toReversed()) {
    if (kind !== 'chunk') continue
    places.set(listOf({ account, user: user_id }), place)
    places.set(listOf({ account, user: undefined }), place)
  }
  return places
}

/** Ids hold no line breaks. */
function listOf({ account, user }: { account: string; user: string | null | undefined }): string {
  return `${account}\n${user ?? ''}`
}

function deliveriesOf({ id, message_id, payload }: ClaimedRow): readonly Delivery[] | Error {
  if (message_id !== null) return [{ messageId: message_id, deliverSm: payload }]
  try {
    return unpackDeliveries(payload)
  } catch (cause) {
    return new Error(`chunk ${id} of the outbox cannot be read`, { cause })
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

/** Of the type bigint, which the driver hands over as text. */
function compare(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : Number(a > b))
}
