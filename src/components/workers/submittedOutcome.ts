// The outcome of a message that the SMSC accepted, from its submit_sm_resp with ESME_ROK.

import { upstreamId } from '../../message/ids.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import { comparableNumber } from '../../message/receiptMatch.ts'
import { carriedId, upstreamIdKey } from '../../message/upstreamIdKey.ts'
import type { Connector } from '../../platform/connector.ts'
import type { Pdu } from '../../smpp/index.ts'
import type { RecentSubmissions } from './recentSubmissions.ts'
import type { Task } from './submitLane.ts'

export type SubmittedOutcome = Extract<Outcome, { kind: 'submitted' }>

/**
 * Returns the outcome of an accepted message, or undefined if the response contains no message_id.
 * The time of the outcome is the time of the write, because a receipt may arrive before the
 * response.
 */
export function submittedOutcome(
  { written }: Task,
  pdu: Pdu,
  { messageIdRule }: Connector,
): SubmittedOutcome | undefined {
  if (pdu.command !== 'submit_sm_resp' || !written) return undefined
  const id = carriedId(upstreamId(pdu.message_id), 'response', messageIdRule, written.slot)
  return { kind: 'submitted', atMs: written.atMs, ...id }
}

/** Remembers an accepted message, so that its receipt is matched without a database query. */
export function rememberSubmission(
  recent: RecentSubmissions,
  { message, submitSm, work }: Task,
  outcome: SubmittedOutcome,
): void {
  recent.remember(work.envelope.connector, upstreamIdKey(outcome), {
    message,
    destination: comparableNumber(submitSm.destination_addr),
    submittedAtMs: outcome.atMs,
  })
}
