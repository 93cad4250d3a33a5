// A message as it lies in envelopes, journal events and receipts alike. All three carry the same
// row, so each of them says enough to create the message's row in the database.

import { type MessageId, upstreamId } from './ids.ts'
import { asRow, WireError } from './msgpackWire.ts'
import type { CarriedId } from './upstreamIdKey.ts'

export interface EnvelopeMessage {
  messageId: MessageId
  account: string
  user: string
  acceptedAtMs: number
  /** Attempts made before this one; grows each time the message waits for another attempt. */
  attempts: number
  /** The submit_sm body that goes upstream; the worker sets its own registered_delivery. */
  body: Buffer
  /** The registered_delivery that the customer asked for. */
  registeredDelivery: number
  /**
   * The end of its life, ms since the epoch: it is never submitted after that. Missing in messages
   * that an older router admitted.
   */
  expiresAtMs?: number
  /** Submissions in former envelopes that the SMSC did not answer; missing where there are none. */
  unanswered?: number
}

/** The last two may be missing: older versions wrote neither of them. */
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

/** Throws WireError. Values that the database checks are not checked here. */
export function messageFrom(row: unknown): EnvelopeMessage {
  // Its id and body are checked before the rest is believed.
  const fields = asRow(row) as MessageRow
  const [messageId, account, user, acceptedAtMs, attempts, body, registeredDelivery] = fields
  if (typeof messageId !== 'string' || !Buffer.isBuffer(body))
    throw new WireError('a message without an id or a body')
  const message = { messageId, account, user, acceptedAtMs, attempts, body, registeredDelivery }
  const [expiresAtMs, unanswered] = fields.slice(7)
  return {
    ...message,
    ...(typeof expiresAtMs === 'number' ? { expiresAtMs } : {}),
    ...(typeof unanswered === 'number' ? { unanswered } : {}),
  }
}

/** Bounded again: older workers wrote ids as long as the SMSC made them. Throws WireError. */
export function carriedIdFrom(id: unknown, idKey: unknown): CarriedId {
  if (typeof id !== 'string') throw new WireError('an upstream id that is no text')
  return typeof idKey === 'string'
    ? { upstreamId: upstreamId(id), idKey }
    : { upstreamId: upstreamId(id) }
}
