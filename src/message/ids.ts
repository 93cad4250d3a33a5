import { uuidv7 } from 'uuidv7'

// The three kinds of id below have different types, because confusing one kind with another would
// lose receipts.
declare const brand: unique symbol

/**
 * Our id of a message, a UUIDv7. An id contains its creation time, so tables can be partitioned by
 * id.
 */
export type MessageId = string & { readonly [brand]: 'MessageId' }
/**
 * The id that an SMSC assigned to a message: opaque text of at most 64 characters. Some SMSCs
 * assign the same id to several messages.
 */
export type UpstreamId = string & { readonly [brand]: 'UpstreamId' }
/** One upstream bind of this process, written `connector/slot`. */
export type BindId = string & { readonly [brand]: 'BindId' }

export function newMessageId(): MessageId {
  return uuidv7() as MessageId // the only place that creates message ids
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** Returns `text` as a message id in lower case, or undefined if `text` is not a UUIDv7. */
export function parseMessageId(text: string): MessageId | undefined {
  return UUID.test(text) ? (text.toLowerCase() as MessageId) : undefined // matches the pattern
}

/**
 * SMPP 3.4 §4.4.2 allows an id 65 octets, including the NUL. An unbounded id might not fit in an
 * index.
 */
const UPSTREAM_ID_CHARACTERS_MAX = 64

/**
 * Returns the message id that an SMSC assigned, cut at the first NUL and at 64 characters. Some
 * SMSCs pad their ids with NULs, which the database rejects.
 */
export function upstreamId(text: string): UpstreamId {
  const end = text.indexOf('\0')
  const id = end < 0 ? text : text.slice(0, end)
  return id.slice(0, UPSTREAM_ID_CHARACTERS_MAX) as UpstreamId // the only place that creates them
}

export function bindId(connector: string, slot: number): BindId {
  return `${connector}/${slot}` as BindId // the only place that creates bind ids
}

/** The time at which a UUIDv7 was created, in ms since the epoch (RFC 9562 §5.7). */
export function timeOf(id: string): number {
  return parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

/** Returns an id that sorts before every message id created in this millisecond or later. */
export function firstIdAt(atMs: number): string {
  const hex = Math.max(0, Math.floor(atMs)).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-0000-0000-000000000000`
}

const DAY_MS = 86_400_000

/** Returns the lowest id of the partition that holds `id`. A partition holds one day (UTC). */
export function firstIdOfDay(id: string): string {
  const atMs = timeOf(id)
  return firstIdAt(atMs - (atMs % DAY_MS))
}

/** Returns the lowest id of the partition for the day after that of `id`. */
export function firstIdOfNextDay(id: string): string {
  const atMs = timeOf(id)
  return firstIdAt(atMs - (atMs % DAY_MS) + DAY_MS)
}
