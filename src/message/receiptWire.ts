// Receipts from SMSCs on the queue `dlr`. The worker adds our message if it still remembers the
// submission; otherwise the dlr-processor finds it by connector and upstream id.

import type { MessageState } from '../smpp/receipts/messageState.ts'
import { carriedIdFrom, messageFrom, messageRow } from './messageWire.ts'
import type { EnvelopeMessage, MessageRow } from './messageWire.ts'
import { asRow, WireError, pack, unpack, wireText } from './msgpackWire.ts'
import type { CarriedId } from './upstreamIdKey.ts'

export const DLR_QUEUE = 'dlr'

export interface UpstreamReceipt extends CarriedId {
  connector: string
  /**
   * The subscriber's number, as receiptMatch.ts compares it: the receipt's source_addr (addresses
   * are swapped in receipts). '' when it does not say.
   */
  destination: string
  messageState: MessageState
  /** The `err:` of the SMSC as it wrote it: digits, hex or letters; '' if absent. */
  error: string
  /** The SMSC's word for a state that we do not know. */
  stat?: string
  /** When it was read from the socket. */
  receivedAtMs: number
  /** The message, if the worker that took the receipt also submitted it lately. */
  message: EnvelopeMessage | undefined
}

const VERSION = 1
const TAG = 'D'

type Row = [
  connector: string,
  upstreamId: string,
  destination: string,
  messageState: MessageState,
  error: string,
  receivedAtMs: number,
  message: MessageRow | null,
  // Since version 1 was first written; readers of that time ignore them.
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
  return pack([TAG, VERSION, rows])
}

export function decodeReceipts(octets: Uint8Array): UpstreamReceipt[] {
  // The tag and version are checked before the rest is believed.
  const [tag, version, rows] = asRow(unpack(octets)) as [string, number, unknown]
  if (tag !== TAG || version !== VERSION)
    throw new WireError(`not receipts this version reads: ${wireText(tag)} ${wireText(version)}`)
  return asRow(rows).map(receiptFrom)
}

function receiptFrom(row: unknown): UpstreamReceipt {
  // Written by encodeReceipts; values that the database checks are not checked here.
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
    // Older workers found some message for a receipt without an id.
    message: message && id !== '' ? messageFrom(message) : undefined,
  }
}
