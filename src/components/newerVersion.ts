import { NewerVersion } from '../message/msgpackWire.ts'
import type { Settlement } from '../queue/queue.ts'

/**
 * The delay before an envelope that a newer release wrote is received again. During a rollout, a
 * process of that release may receive it then. Until then, the envelope counts in the depth of its
 * queue, but keeps no consumer busy.
 */
const LEFT_TO_OTHERS_MS = 15_000

/**
 * Returns the settlement of an envelope that cannot be read because a newer release wrote it.
 * Returns undefined for any other error.
 */
export function newerVersionSettlement(error: unknown): Settlement | undefined {
  return error instanceof NewerVersion ? { kind: 'retry', delayMs: LEFT_TO_OTHERS_MS } : undefined
}
