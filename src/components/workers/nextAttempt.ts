import { backOffMs } from '../../flow/backOff.ts'

const DEFER_FIRST_MS = 1_000
const DEFER_CAP_MS = 300_000

/** When a message is due again whose attempts were refused so many times. */
export function nextAttemptAtMs(nowMs: number, attempts: number, expiresAtMs?: number): number {
  const nextMs = nowMs + backOffMs(attempts, DEFER_FIRST_MS, DEFER_CAP_MS)
  // Its customer hears of its end then, not when the next attempt would have been.
  return Math.min(nextMs, expiresAtMs ?? nextMs)
}
