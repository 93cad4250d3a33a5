// The call from the gateway to the router is `POST /v1/batch` over HTTP/1.1 keep-alive, with
// msgpack in both directions. A batch has an id, and each submission in it has the message id that
// the gateway assigned. The verdicts of a batch are stored under the batch's id. Therefore, a retry
// after a lost answer publishes nothing twice, even if the retry is sent to another router.
// Verdicts are in the order of the submissions.

import { ESME_ROK } from '../smpp/wire/commandStatus.ts'
import type { MessageId } from '../message/ids.ts'
import { WireError, pack, unpack, wireText } from '../message/msgpackWire.ts'

export const ROUTER_BATCH_PATH = '/v1/batch'
export const CONTENT_TYPE = 'application/msgpack'
/** The gateway sets this header to 1 when it sends a batch again, with the same octets. */
export const RETRY_HEADER = 'x-signalbox-retry'

export interface Submission {
  messageId: MessageId
  account: string
  /** The user of the account: its system_id, or the id of the API user. */
  user: string
  /** When the gateway read the message, in ms since the epoch. */
  receivedAtMs: number
  /** The unchanged body of the submit_sm (SMPP 3.4 §4.4.1), without the header. */
  body: Buffer
}

export interface SubmissionBatch {
  batchId: string
  submissions: Submission[]
}

export type Verdict =
  | { kind: 'accepted' }
  | { kind: 'refused'; commandStatus: number; reason: string }

const VERSION = 1
export const ACCEPTED: Verdict = { kind: 'accepted' }

type Row = [MessageId, string, string, number, Buffer]

export function encodeBatch(batch: SubmissionBatch): Buffer {
  const rows: Row[] = batch.submissions.map((one) => [
    one.messageId,
    one.account,
    one.user,
    one.receivedAtMs,
    one.body,
  ])
  return pack([VERSION, batch.batchId, rows])
}

export function decodeBatch(octets: Uint8Array): SubmissionBatch {
  // The types of this cast are valid only after the version check below.
  const [version, batchId, rows] = unpack(octets) as [number, string, Row[]]
  if (version !== VERSION)
    throw new WireError(
      `a router call has version ${wireText(version)}; this process reads only ${VERSION}`,
    )
  const submissions = rows.map(([messageId, account, user, receivedAtMs, body]) => ({
    messageId,
    account,
    user,
    receivedAtMs,
    body,
  }))
  return { batchId, submissions }
}

/**
 * Encodes verdicts: `0` for accepted, `[command_status, reason]` for refused. This form is compact,
 * because most messages are accepted.
 */
export function encodeVerdicts(verdicts: readonly Verdict[]): Buffer {
  const rows = verdicts.map((verdict) =>
    verdict.kind === 'accepted' ? ESME_ROK : [verdict.commandStatus, verdict.reason],
  )
  return pack([VERSION, rows])
}

export function decodeVerdicts(octets: Uint8Array): Verdict[] {
  // The types of this cast are valid only after the version check below.
  const [version, rows] = unpack(octets) as [number, (0 | [number, string])[]]
  if (version !== VERSION)
    throw new WireError(
      `a router's verdicts have version ${wireText(version)}; this process reads only ${VERSION}`,
    )
  return rows.map((row) =>
    row === ESME_ROK ? ACCEPTED : { kind: 'refused', commandStatus: row[0], reason: row[1] },
  )
}
