// The unit on a submit queue: messages of one connector and one lane. It has an id of its own,
// the same however often it is delivered, under which workers keep their checkpoints. A consumer
// reads this version and the one before it; so far there is one.

import type { MessageId } from '../message/ids.ts'
import { asRow, ContractError, pack, unpack } from '../message/msgpackWire.ts'

export type Lane = 'high' | 'normal' | 'bulk'

const LANES: ReadonlySet<string> = new Set<Lane>(['high', 'normal', 'bulk'])
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export interface EnvelopeMessage {
  messageId: MessageId
  account: string
  user: string
  acceptedAtMs: number
  /** Attempts made before this one; grows when a message waited in `later`. */
  attempts: number
  /** A submit_sm body as it goes upstream, apart from registered_delivery (worker's choice). */
  body: Buffer
  /** The registered_delivery the customer asked for. */
  registeredDelivery: number
}

export interface Envelope {
  envelopeId: string
  connector: string
  lane: Lane
  messages: EnvelopeMessage[]
}

/** SQS bills by 64 KiB, and base64 adds a third there; PostgreSQL does not mind. */
export const ENVELOPE_MAX_OCTETS = 48 * 1024
/** What a message costs in an envelope beyond its body: ids, account, numbers. */
export const ENVELOPE_MESSAGE_OVERHEAD_OCTETS = 96

export function submitQueue(connector: string, lane: Lane): string {
  return `submit.${connector}.${lane}`
}

const VERSION = 1
export const ENVELOPE_TAG = 'E'

/** A message as it lies in envelopes, journal events and receipts alike. */
export type MessageRow = [MessageId, string, string, number, number, Buffer, number]

export function messageRow(one: EnvelopeMessage): MessageRow {
  return [
    one.messageId,
    one.account,
    one.user,
    one.acceptedAtMs,
    one.attempts,
    one.body,
    one.registeredDelivery,
  ]
}

/** Throws ContractError; what the store checks anyway is left to it. */
export function messageFrom(row: unknown): EnvelopeMessage {
  // Its id and body are checked before the rest is believed.
  const fields = asRow(row) as MessageRow
  const [messageId, account, user, acceptedAtMs, attempts, body, registeredDelivery] = fields
  if (typeof messageId !== 'string' || !Buffer.isBuffer(body))
    throw new ContractError('a message without an id or a body')
  return { messageId, account, user, acceptedAtMs, attempts, body, registeredDelivery }
}

export function encodeEnvelope(envelope: Envelope): Buffer {
  const { envelopeId, connector, lane, messages } = envelope
  return pack([ENVELOPE_TAG, VERSION, envelopeId, connector, lane, messages.map(messageRow)])
}

export function decodeEnvelope(octets: Uint8Array): Envelope {
  return envelopeFrom(unpack(octets))
}

/** For readers that meet envelopes among other things (the journal). */
export function envelopeFrom(unpacked: unknown): Envelope {
  // The tag and version are checked before the rest is believed.
  const [tag, version, envelopeId, connector, lane, rows] = asRow(unpacked) as [
    string,
    number,
    string,
    string,
    Lane,
    unknown,
  ]
  if (tag !== ENVELOPE_TAG || version !== VERSION)
    throw new ContractError(`not an envelope this version reads: ${String(tag)} ${String(version)}`)
  const messages = asRow(rows).map(messageFrom)
  // What a worker keeps under a name that the store refuses, or never finishes, holds up all else.
  if (!UUID.test(envelopeId) || !LANES.has(lane) || messages.length === 0)
    throw new ContractError('an envelope without a proper id, lane or message')
  return { envelopeId, connector, lane, messages }
}
