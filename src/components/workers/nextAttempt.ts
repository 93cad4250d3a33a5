import { backOffMs } from '../../flow/backOff.ts'

const DEFER_FIRST_MS = 1_000
const DEFER_CAP_MS = 300_000

/** Returns the time of the next attempt, in epoch ms. `attempts` counts the attempts so far. */
export function nextAttemptAtMs(nowMs: number, attempts: number, expiresAtMs?: number): number {
  const nextMs = nowMs + backOffMs(attempts, DEFER_FIRST_MS, DEFER_CAP_MS)
  // A message that expires first is due when it expires, so that the customer is notified on time.
  return Math.min(nextMs, expiresAtMs ?? nextMs)
}
