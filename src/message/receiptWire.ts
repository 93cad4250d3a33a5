// The receipts from SMSCs that workers publish on the queue `dlr`. A worker adds the message to the
// receipt if it still remembers the submission. Otherwise the dlr-processor finds the message by
// connector and upstream id, which is the message id that the SMSC assigned.

import type { MessageState } from '../smpp/receipts/messageState.ts'
import { carriedIdFrom, messageFrom, messageRow } from './messageWire.ts'
import type { EnvelopeMessage, MessageRow } from './messageWire.ts'
import { asRow, expectFormat, pack, unpack } from './msgpackWire.ts'
import type { CarriedId } from './upstreamIdKey.ts'

export const DLR_QUEUE = 'dlr'

export interface UpstreamReceipt extends CarriedId {
  connector: string
  /**
   * The subscriber's number, in the form that receiptMatch.ts compares. It is read from the
   * receipt's source_addr, because a receipt swaps the two addresses of its message. '' if the
   * receipt does not contain the number.
   */
  destination: string
  messageState: MessageState
  /** The `err:` field exactly as the SMSC wrote it: digits, hex or letters. '' if absent. */
  error: string
  /** The SMSC's `stat:` value, if its meaning is unknown. */
  stat?: string
  /** When the receipt was read from the socket. */
  receivedAtMs: number
  /** The message, if the worker that received the receipt still remembers submitting it. */
  message: EnvelopeMessage | undefined
}

const FORMAT = { name: 'receipts', tag: 'D', version: 1 } as const

type Row = [
  connector: string,
  upstreamId: string,
  destination: string,
  messageState: MessageState,
  error: string,
  receivedAtMs: number,
  message: MessageRow | null,
  // Added later to version 1. Older readers ignore these fields.
  idKey: string | null,
  stat: string | null,
]

export function encodeReceipts(receipts: readonly UpstreamReceipt[]): Buffer {
  const rows: Row[] = receipts.map((one) => [
    one.connector,
    one.upstreamId,
    one.destination,
    one.messageState,
    one.error,
    one.receivedAtMs,
    one.message ? messageRow(one.message) : null,
    one.idKey ?? null,
    one.stat ?? null,
  ])
  return pack([FORMAT.tag, FORMAT.version, rows])
}

/** Throws WireError if the octets are invalid, and NewerVersion if a newer release wrote them. */
export function decodeReceipts(octets: Uint8Array): UpstreamReceipt[] {
  const fields = asRow(unpack(octets))
  expectFormat(fields, FORMAT)
  return asRow(fields[2]).map(receiptFrom)
}

function receiptFrom(row: unknown): UpstreamReceipt {
  // Written by encodeReceipts. Values that the database checks are not checked here.
  const fields = asRow(row) as Row
  const [connector, id, destination, messageState, error, receivedAtMs, message, key, stat] = fields
  return {
    connector,
    ...carriedIdFrom(id, key),
    destination,
    messageState,
    error,
    ...(typeof stat === 'string' && { stat }),
    receivedAtMs,
    // Older workers could attach the wrong message to a receipt without an id.
    message: message && id !== '' ? messageFrom(message) : undefined,
  }
}
