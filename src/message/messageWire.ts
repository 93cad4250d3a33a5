// The wire form of a message in envelopes, journal events and receipts. All three use the same
// format, so each of them contains enough to create the message's row in the database.

import { type MessageId, upstreamId } from './ids.ts'
import { asRow, WireError } from './msgpackWire.ts'
import type { CarriedId } from './upstreamIdKey.ts'

export interface EnvelopeMessage {
  messageId: MessageId
  account: string
  user: string
  acceptedAtMs: number
  /**
   * The number of earlier attempts. The number increases each time the message waits for another
   * attempt.
   */
  attempts: number
  /** The submit_sm body to submit. The worker replaces its registered_delivery. */
  body: Buffer
  /** The registered_delivery that the customer asked for. */
  registeredDelivery: number
  /**
   * The end of the message's validity, in ms since the epoch. The message is never submitted after
   * that time. The field is missing in messages that an older router admitted.
   */
  expiresAtMs?: number
  /** How many submissions in earlier envelopes got no answer from the SMSC. Missing means 0. */
  unanswered?: number
}

/** The last two fields may be missing, because older versions did not write them. */
export type MessageRow = [
  MessageId,
  string,
  string,
  number,
  number,
  Buffer,
  number,
  expiresAtMs?: number | null,
  unanswered?: number,
]

export function messageRow(one: EnvelopeMessage): MessageRow {
  const row: MessageRow = [
    one.messageId,
    one.account,
    one.user,
    one.acceptedAtMs,
    one.attempts,
    one.body,
    one.registeredDelivery,
  ]
  const { expiresAtMs = null, unanswered = 0 } = one
  if (unanswered > 0) row.push(expiresAtMs, unanswered)
  else if (expiresAtMs !== null) row.push(expiresAtMs)
  return row
}

/**
 * Reads a message from an unpacked row. Throws WireError if the row has no id or no body. Values
 * that the database checks are not checked here.
 */
export function messageFrom(row: unknown): EnvelopeMessage {
  // The id and the body are checked below.
  const fields = asRow(row) as MessageRow
  const [messageId, account, user, acceptedAtMs, attempts, body, registeredDelivery] = fields
  if (typeof messageId !== 'string' || !Buffer.isBuffer(body))
    throw new WireError('the message has no id or no body')
  const message = { messageId, account, user, acceptedAtMs, attempts, body, registeredDelivery }
  const [expiresAtMs, unanswered] = fields.slice(7)
  return {
    ...message,
    ...(typeof expiresAtMs === 'number' ? { expiresAtMs } : {}),
    ...(typeof unanswered === 'number' ? { unanswered } : {}),
  }
}

/**
 * Reads the message id that an SMSC assigned, and the id's lookup key. Throws WireError if the id
 * is not text. The id is cut to 64 characters, because older workers wrote ids of any length.
 */
export function carriedIdFrom(id: unknown, idKey: unknown): CarriedId {
  if (typeof id !== 'string') throw new WireError('the upstream id is not text')
  return typeof idKey === 'string'
    ? { upstreamId: upstreamId(id), idKey }
    : { upstreamId: upstreamId(id) }
}
