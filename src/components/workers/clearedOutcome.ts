import type { Outcome } from '../../message/outcomeWire.ts'
import { PURGED } from '../../message/purged.ts'
import { timeOf } from '../../message/ids.ts'
import { type Connector, moveTarget } from '../../platform/connector.ts'
import { submitQueues } from '../../queue/envelopeWire.ts'
import type { EnvelopeWork } from './envelopeWork.ts'

/** The largest difference expected between a router's clock and this process's clock. */
const CLOCKS_DIFFER_MS = 1_000

/** Whether the messages that wait for a connector are to be purged or moved. */
export function isClearing({ enabled, waiting }: Connector): boolean {
  return !enabled && waiting !== 'keep'
}

/**
 * Returns the queues of all connectors that are being cleared: their waiting messages are purged or
 * moved. Messages that wait for another attempt at such a connector return to these queues before
 * the attempt is due, and are then purged or moved with the others.
 */
export function clearedQueues(connectors: Iterable<Connector>): string[] {
  return [...connectors].filter(isClearing).flatMap(({ id }) => submitQueues(id))
}

/** The outcome of each message that waits for a connector that is being cleared. */
export function clearedOutcome({ waiting }: Connector, atMs: number): Outcome {
  const to = moveTarget(waiting)
  if (to !== undefined) return { kind: 'moved', atMs, to }
  // The command_status is 0, because no SMSC refused the message. If it was submitted before a link
  // was lost, a receipt for it may still arrive.
  return { kind: 'failed', atMs, commandStatus: 0, reason: PURGED }
}

/**
 * Whether an envelope is old enough to be purged or moved. A router may have sent a newer envelope
 * because the connector has been enabled again.
 *
 * @param confirmedAtMs the time up to which this process knows all changes of the connector
 */
export function mayLeave({ envelope }: EnvelopeWork, confirmedAtMs: number): boolean {
  return timeOf(envelope.envelopeId) < confirmedAtMs - CLOCKS_DIFFER_MS
}
