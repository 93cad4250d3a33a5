// An envelope is the unit of a submit queue. It holds messages of one connector and one lane. The
// id of an envelope is the same at every delivery, and workers store their checkpoints under that
// id. A consumer must read the current version and the previous version of the format. So far,
// there is only version 1.

import { type Lane, LANES } from '../message/lane.ts'
import { type EnvelopeMessage, messageFrom, messageRow } from '../message/messageWire.ts'
import {
  asRow,
  expectFormat,
  NewerVersion,
  pack,
  unpack,
  WireError,
} from '../message/msgpackWire.ts'

const KNOWN_LANES: ReadonlySet<string> = new Set(LANES)
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export interface Envelope {
  envelopeId: string
  connector: string
  lane: Lane
  messages: EnvelopeMessage[]
}

/**
 * The limit suits SQS, which bills per 64 KiB: base64 adds a third to the size of an envelope.
 * PostgreSQL needs no limit.
 */
export const ENVELOPE_MAX_OCTETS = 48 * 1024
/**
 * The octets that a message occupies in an envelope besides its body, for ids, account and numbers.
 */
export const ENVELOPE_MESSAGE_OVERHEAD_OCTETS = 96

/** The names of all submit queues begin with this. */
export const SUBMIT_QUEUES = 'submit.'

export function submitQueue(connector: string, lane: Lane): string {
  return `${SUBMIT_QUEUES}${connector}.${lane}`
}

/** The queues of all lanes of a connector. */
export function submitQueues(connector: string): string[] {
  return LANES.map((lane) => submitQueue(connector, lane))
}

export const ENVELOPE_FORMAT = { name: 'an envelope', tag: 'E', version: 1 } as const

export function encodeEnvelope(envelope: Envelope): Buffer {
  const { envelopeId, connector, lane, messages } = envelope
  const { tag, version } = ENVELOPE_FORMAT
  return pack([tag, version, envelopeId, connector, lane, messages.map(messageRow)])
}

/** Throws WireError if the octets are invalid, and NewerVersion if a newer release wrote them. */
export function decodeEnvelope(octets: Uint8Array): Envelope {
  return envelopeFrom(unpack(octets))
}

/** Like decodeEnvelope, but for octets that have already been unpacked, such as journal entries. */
export function envelopeFrom(unpacked: unknown): Envelope {
  const fields = asRow(unpacked)
  expectFormat(fields, ENVELOPE_FORMAT)
  // Written by encodeEnvelope. The checks below cover every field that a worker relies on.
  const [envelopeId, connector, lane, rows] = fields.slice(2) as [string, string, Lane, unknown]
  const messages = asRow(rows).map(messageFrom)
  // A worker could never write a checkpoint for an invalid envelope, or could never finish it.
  if (!UUID.test(envelopeId) || !KNOWN_LANES.has(lane) || messages.length === 0)
    throw new WireError('invalid envelope: bad id, unknown lane or no messages')
  return { envelopeId, connector, lane, messages }
}

/**
 * The messages of an envelope in encoded form, including fields that this version does not know.
 */
export interface EnvelopeRows {
  connector: string
  lane: Lane
  rows: readonly unknown[]
}

/**
 * Reads the messages of an envelope so that they can be moved to another envelope. Returns
 * undefined if the envelope is invalid, or if it has unknown fields besides its messages, because
 * these fields would be lost.
 */
export function envelopeRows(octets: Uint8Array): EnvelopeRows | undefined {
  try {
    const fields = asRow(unpack(octets))
    const { connector, lane, messages } = envelopeFrom(fields)
    const rows = asRow(fields[ROWS_FIELD])
    const isPlain = fields.length === ROWS_FIELD + 1 && rows.length === messages.length
    return isPlain ? { connector, lane, rows } : undefined
  } catch (error) {
    if (error instanceof WireError || error instanceof NewerVersion) return undefined
    throw error
  }
}

/** The index of the field that holds the messages, which is the last field of an envelope. */
const ROWS_FIELD = 5

export function encodeRows(envelopeId: string, { connector, lane, rows }: EnvelopeRows): Buffer {
  const { tag, version } = ENVELOPE_FORMAT
  return pack([tag, version, envelopeId, connector, lane, rows])
}
