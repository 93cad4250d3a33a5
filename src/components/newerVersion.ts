import { NewerVersion } from '../message/msgpackWire.ts'
import type { Settlement } from '../queue/queue.ts'

/**
 * How long an envelope of a newer release is left to others. During a rollout a process of that
 * release takes it. Otherwise it waits here, visible in the depth of its queue, without occupying a
 * consumer.
 */
const LEFT_TO_OTHERS_MS = 15_000

/** The settlement of an envelope that a newer release wrote; undefined for any other error. */
export function newerVersionSettlement(error: unknown): Settlement | undefined {
  return error instanceof NewerVersion ? { kind: 'retry', delayMs: LEFT_TO_OTHERS_MS } : undefined
}
