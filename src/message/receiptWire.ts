// Receipts from SMSCs on the queue `dlr`. The worker adds our message if it still remembers the
// submission; otherwise the dlr-processor finds it by connector and upstream id.

import type { UpstreamId } from './ids.ts'
import type { MessageState } from '../smpp/receipts/messageState.ts'
import { type EnvelopeMessage, messageFrom, messageRow, type MessageRow } from './messageWire.ts'
import { asRow, WireError, pack, unpack } from './msgpackWire.ts'

export const DLR_QUEUE = 'dlr'

export interface UpstreamReceipt {
  connector: string
  upstreamId: UpstreamId
  /** The subscriber's number: the receipt's source_addr (addresses are swapped in receipts). */
  destination: string
  messageState: MessageState
  /** The `err:` of the SMSC as it wrote it: digits, hex or letters; '' if absent. */
  error: string
  receivedAtMs: number
  /** The message, if the worker that took the receipt also submitted it lately. */
  message: EnvelopeMessage | undefined
}

const VERSION = 1
const TAG = 'D'

type Row = [string, UpstreamId, string, MessageState, string, number, MessageRow | null]

export function encodeReceipts(receipts: readonly UpstreamReceipt[]): Buffer {
  const rows: Row[] = receipts.map((one) => [
    one.connector,
    one.upstreamId,
    one.destination,
    one.messageState,
    one.error,
    one.receivedAtMs,
    one.message ? messageRow(one.message) : null,
  ])
  return pack([TAG, VERSION, rows])
}

export function decodeReceipts(octets: Uint8Array): UpstreamReceipt[] {
  // The tag and version are checked before the rest is believed.
  const [tag, version, rows] = asRow(unpack(octets)) as [string, number, unknown]
  if (tag !== TAG || version !== VERSION)
    throw new WireError(`not receipts this version reads: ${String(tag)} ${String(version)}`)
  return asRow(rows).map(receiptFrom)
}

function receiptFrom(row: unknown): UpstreamReceipt {
  // Written by encodeReceipts; values that the database checks are not checked here.
  const fields = asRow(row) as Row
  const [connector, id, destination, messageState, error, receivedAtMs, message] = fields
  return {
    connector,
    upstreamId: id,
    destination,
    messageState,
    error,
    receivedAtMs,
    message: message ? messageFrom(message) : undefined,
  }
}
