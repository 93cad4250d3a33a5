import { uuidv7 } from 'uuidv7'

// Three ids that look alike and must never be mixed: a mix-up loses receipts.
declare const brand: unique symbol

/** Our id of a message, a UUIDv7: it carries its own time, so stores can partition by it. */
export type MessageId = string & { readonly [brand]: 'MessageId' }
/** The SMSC's id of a message: opaque, up to 64 characters, reused by some SMSCs. */
export type UpstreamId = string & { readonly [brand]: 'UpstreamId' }
/** One upstream bind of this process: `connector/slot`. */
export type BindId = string & { readonly [brand]: 'BindId' }

export function newMessageId(): MessageId {
  return uuidv7() as MessageId // the one place where message ids are born
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** The id if `text` is one of ours (a UUIDv7), else undefined. */
export function parseMessageId(text: string): MessageId | undefined {
  return UUID.test(text) ? (text.toLowerCase() as MessageId) : undefined // checked just above
}

/** SMPP 3.4 §4.4.2: 65 octets with the NUL. A longer one would not fit an index. */
const UPSTREAM_ID_CHARACTERS_MAX = 64

/** Up to the first NUL, which some SMSCs pad with and the database refuses. */
export function upstreamId(text: string): UpstreamId {
  const end = text.indexOf('\0')
  const id = end < 0 ? text : text.slice(0, end)
  return id.slice(0, UPSTREAM_ID_CHARACTERS_MAX) as UpstreamId // what else the SMSC says is its id
}

export function bindId(connector: string, slot: number): BindId {
  return `${connector}/${slot}` as BindId // built from its two parts, nowhere else
}

/** Milliseconds since the epoch in which the id was made (RFC 9562 §5.7). */
export function timeOf(id: string): number {
  return parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

/** The id that sorts before each message of this millisecond and of later ones. */
export function firstIdAt(atMs: number): string {
  const hex = Math.max(0, Math.floor(atMs)).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-0000-0000-000000000000`
}

const DAY_MS = 86_400_000

/** The id at which the partition begins that this id belongs to: a partition holds a day (UTC). */
export function firstIdOfDay(id: string): string {
  const atMs = timeOf(id)
  return firstIdAt(atMs - (atMs % DAY_MS))
}

/** The id at which the next day's partition begins. */
export function firstIdOfNextDay(id: string): string {
  const atMs = timeOf(id)
  return firstIdAt(atMs - (atMs % DAY_MS) + DAY_MS)
}
