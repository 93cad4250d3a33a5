// The unit on a submit queue: messages of one connector and one lane. Its id stays the same however
// often it is delivered; workers keep their checkpoints under it. A consumer reads this version and
// the one before it; so far there is only one.

import { type Lane, LANES } from '../message/lane.ts'
import { type EnvelopeMessage, messageFrom, messageRow } from '../message/messageWire.ts'
import { asRow, WireError, pack, unpack, wireText } from '../message/msgpackWire.ts'

const KNOWN_LANES: ReadonlySet<string> = new Set(LANES)
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export interface Envelope {
  envelopeId: string
  connector: string
  lane: Lane
  messages: EnvelopeMessage[]
}

/** SQS bills by 64 KiB, and base64 adds a third there; PostgreSQL does not mind. */
export const ENVELOPE_MAX_OCTETS = 48 * 1024
/** Octets of a message in an envelope beyond its body: ids, account, numbers. */
export const ENVELOPE_MESSAGE_OVERHEAD_OCTETS = 96

export function submitQueue(connector: string, lane: Lane): string {
  return `submit.${connector}.${lane}`
}

/** The queues of all lanes of a connector. */
export function submitQueues(connector: string): string[] {
  return LANES.map((lane) => submitQueue(connector, lane))
}

const VERSION = 1
export const ENVELOPE_TAG = 'E'

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
    throw new WireError(`not an envelope this version reads: ${wireText(tag)} ${wireText(version)}`)
  const messages = asRow(rows).map(messageFrom)
  // A worker could never write the checkpoint of such an envelope, or never finish it.
  if (!UUID.test(envelopeId) || !KNOWN_LANES.has(lane) || messages.length === 0)
    throw new WireError('an envelope without a proper id, lane or message')
  return { envelopeId, connector, lane, messages }
}

/** The messages of an envelope as they were written, with fields that only others know. */
export interface EnvelopeRows {
  connector: string
  lane: Lane
  rows: readonly unknown[]
}

/** Undefined if the envelope holds anything that another envelope could not say as well. */
export function envelopeRows(octets: Uint8Array): EnvelopeRows | undefined {
  try {
    const fields = asRow(unpack(octets))
    const { connector, lane, messages } = envelopeFrom(fields)
    const rows = asRow(fields[ROWS_FIELD])
    const isPlain = fields.length === ROWS_FIELD + 1 && rows.length === messages.length
    return isPlain ? { connector, lane, rows } : undefined
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}

/** The last field of an envelope. */
const ROWS_FIELD = 5

export function encodeRows(envelopeId: string, { connector, lane, rows }: EnvelopeRows): Buffer {
  return pack([ENVELOPE_TAG, VERSION, envelopeId, connector, lane, rows])
}
