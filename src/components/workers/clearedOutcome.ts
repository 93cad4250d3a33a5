import type { Outcome } from '../../message/outcomeWire.ts'
import { PURGED } from '../../message/purged.ts'
import { timeOf } from '../../message/ids.ts'
import { type Connector, moveTarget } from '../../platform/connector.ts'
import { submitQueues } from '../../queue/envelopeWire.ts'
import type { EnvelopeWork } from './envelopeWork.ts'

/** Between the clock of a router and ours. */
const CLOCKS_DIFFER_MS = 1_000

/** Whether the messages that wait for a connector leave it. */
export function isClearing({ enabled, waiting }: Connector): boolean {
  return !enabled && waiting !== 'keep'
}

/**
 * Messages that wait for another attempt at such a connector return to these queues now, and take
 * the way of the others there.
 */
export function clearedQueues(connectors: Iterable<Connector>): string[] {
  return [...connectors].filter(isClearing).flatMap(({ id }) => submitQueues(id))
}

/** What becomes of each message that waits for such a connector. */
export function clearedOutcome({ waiting }: Connector, atMs: number): Outcome {
  const to = moveTarget(waiting)
  if (to !== undefined) return { kind: 'moved', atMs, to }
  // No command_status: it may have been submitted before its link was lost, and then a receipt that
  // comes after all is right.
  return { kind: 'failed', atMs, commandStatus: 0, reason: PURGED }
}

/** What a router sent later it may have sent because the connector is enabled again. */
export function mayLeave({ envelope }: EnvelopeWork, confirmedAtMs: number): boolean {
  return timeOf(envelope.envelopeId) < confirmedAtMs - CLOCKS_DIFFER_MS
}
