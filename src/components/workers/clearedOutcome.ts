import type { Outcome } from '../../message/outcomeWire.ts'
import { PURGED } from '../../message/purged.ts'
import { type Connector, moveTarget } from '../../platform/connector.ts'

/** Whether the messages that wait for a connector leave it. */
export function isClearing({ enabled, waiting }: Connector): boolean {
  return !enabled && waiting !== 'keep'
}

/** What becomes of each message that waits for such a connector. */
export function clearedOutcome({ waiting }: Connector, atMs: number): Outcome {
  const to = moveTarget(waiting)
  if (to !== undefined) return { kind: 'moved', atMs, to }
  // No command_status: it may have been submitted before its link was lost, and then a receipt that
  // comes after all is right.
  return { kind: 'failed', atMs, commandStatus: 0, reason: PURGED }
}
