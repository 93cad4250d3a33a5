// What a submit_sm_resp with ESME_ROK says about its message.

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
 * Its time is that of the write: a receipt may overtake the response. Undefined if the response
 * holds no id.
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

/** So that its receipt needs no look-up. */
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
