// Receipts from SMSCs on the queue `dlr`. The worker adds our message when it still remembers the
// submission; otherwise the dlr-processor finds it by (connector, upstream id).

import type { UpstreamId } from './ids.ts'
import type { MessageState } from '../smpp/receipts/messageState.ts'
import { messageFrom, messageRow, upstreamIdFrom } from './messageWire.ts'
import type { EnvelopeMessage, MessageRow } from './messageWire.ts'
import { asRow, ContractError, pack, unpack } from './msgpackWire.ts'

export const DLR_QUEUE = 'dlr'

export interface UpstreamReceipt {
  connector: string
  upstreamId: UpstreamId
  /** The subscriber's number: the receipt's source_addr (addresses are swapped in receipts). */
  destination: string
  messageState: MessageState
  /** As the SMSC wrote it: digits, hex or letters (`err:`), '' when absent. */
  error: string
  receivedAtMs: number
  /** The message, when the worker that took the receipt also submitted it lately. */
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
    throw new ContractError(`not receipts this version reads: ${String(tag)} ${String(version)}`)
  return asRow(rows).map(receiptFrom)
}

function receiptFrom(row: unknown): UpstreamReceipt {
  // Written by encodeReceipts; what the store checks anyway is left to it.
  const fields = asRow(row) as Row
  const [connector, id, destination, messageState, error, receivedAtMs, message] = fields
  return {
    connector,
    upstreamId: upstreamIdFrom(id),
    destination,
    messageState,
    error,
    receivedAtMs,
    message: message ? messageFrom(message) : undefined,
  }
}
