import { upstreamId } from '../../message/ids.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import { carriedId } from '../../message/upstreamIdKey.ts'
import type { Connector } from '../../platform/connector.ts'
import type { Pdu } from '../../smpp/index.ts'
import type { Task } from './submitLane.ts'

export type SubmittedOutcome = Extract<Outcome, { kind: 'submitted' }>

/** Its time is that of the write: a receipt may overtake the response. */
export function submittedOutcome(
  { written }: Task,
  pdu: Pdu,
  rule: Connector['messageIdRule'],
): SubmittedOutcome | undefined {
  if (pdu.command !== 'submit_sm_resp' || !written) return undefined
  const id = carriedId(upstreamId(pdu.message_id), 'response', rule, written.slot)
  return { kind: 'submitted', atMs: written.atMs, ...id }
}
