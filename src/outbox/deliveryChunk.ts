// Packs several deliveries to one user into a chunk, which is stored as one row. The first octet of
// a chunk is the version. The deliveries follow. Each consists of its message id (16 octets), the
// length of its deliver_sm body (4 octets), and the body.

import { UUID_OCTETS, writeUuid } from '../flow/uuidOctets.ts'
import type { MessageId } from '../message/ids.ts'

/** A receipt on its way to a customer. */
export interface Delivery {
  readonly messageId: MessageId
  /** A deliver_sm body (SMPP 3.4 §4.6.1). */
  readonly deliverSm: Buffer
}

/** The octets of a chunk are damaged, or another version wrote them. */
export class UnreadableChunk extends Error {
  readonly code = 'UNREADABLE_CHUNK'
}

const VERSION = 1
const LENGTH_OCTETS = 4
/**
 * These two limits bound the size of a row, and the number of deliveries that a gateway repeats
 * after a crash.
 */
const DELIVERIES_MAX = 250
const OCTETS_MAX = 128 * 1024

export function packDeliveries(deliveries: readonly Delivery[]): Buffer {
  let octets = 1
  for (const { deliverSm } of deliveries) octets += UUID_OCTETS + LENGTH_OCTETS + deliverSm.length
  const payload = Buffer.allocUnsafe(octets)
  let at = payload.writeUInt8(VERSION, 0)
  for (const { messageId, deliverSm } of deliveries) {
    writeUuid(payload, messageId, at)
    at = payload.writeUInt32BE(deliverSm.length, at + UUID_OCTETS)
    payload.set(deliverSm, at)
    at += deliverSm.length
  }
  return payload
}

/**
 * Unpacks the deliveries of a chunk. Their bodies are views of `payload`. Throws UnreadableChunk.
 */
export function unpackDeliveries(payload: Buffer): Delivery[] {
  if (payload[0] !== VERSION)
    throw new UnreadableChunk(`a chunk of deliveries has version ${payload[0]}, not ${VERSION}`)
  const deliveries: Delivery[] = []
  let at = 1
  while (at < payload.length) {
    const bodyAt = at + UUID_OCTETS + LENGTH_OCTETS
    if (bodyAt > payload.length) throw new UnreadableChunk('a chunk of deliveries ends too early')
    const end = bodyAt + payload.readUInt32BE(at + UUID_OCTETS)
    if (end > payload.length) throw new UnreadableChunk('a chunk of deliveries ends too early')
    deliveries.push({ messageId: idAt(payload, at), deliverSm: payload.subarray(bodyAt, end) })
    at = end
  }
  return deliveries
}

/**
 * Splits deliveries into pieces that each fit one row.
 * @param max the most deliveries in one piece
 */
export function inPieces(
  deliveries: readonly Delivery[],
  max = DELIVERIES_MAX,
): readonly (readonly Delivery[])[] {
  const pieces: Delivery[][] = []
  let piece: Delivery[] = []
  let octets = 0
  for (const delivery of deliveries) {
    const more = octets + delivery.deliverSm.length
    if (piece.length > 0 && (piece.length >= max || more > OCTETS_MAX)) {
      pieces.push(piece)
      piece = []
      octets = 0
    }
    piece.push(delivery)
    octets += delivery.deliverSm.length
  }
  if (piece.length > 0) pieces.push(piece)
  return pieces
}

/** Packs ids one after another, as 16 octets each. */
export function packIds(messageIds: readonly MessageId[]): Buffer {
  const octets = Buffer.allocUnsafe(messageIds.length * UUID_OCTETS)
  for (const [index, messageId] of messageIds.entries())
    writeUuid(octets, messageId, index * UUID_OCTETS)
  return octets
}

function idAt(payload: Buffer, at: number): MessageId {
  const hex = payload.toString('hex', at, at + UUID_OCTETS)
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  // packDeliveries wrote the octets of a message id.
  return `${parts.join('-')}-${hex.slice(20)}` as MessageId
}
