import { upstreamId } from '../../message/ids.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import { carriedId, type UpstreamIdRule } from '../../message/upstreamIdKey.ts'
import type { Pdu } from '../../smpp/index.ts'
import type { Task } from './submitLane.ts'

/** What an answer says. Its time is that of the write: a receipt may overtake the response. */
export function submittedOutcome(
  { written }: Task,
  pdu: Pdu,
  rule: UpstreamIdRule,
): Extract<Outcome, { kind: 'submitted' }> | undefined {
  if (pdu.command !== 'submit_sm_resp' || !written) return undefined
  const id = carriedId(upstreamId(pdu.message_id), 'response', rule, written.slot)
  return { kind: 'submitted', atMs: written.atMs, ...id }
}
