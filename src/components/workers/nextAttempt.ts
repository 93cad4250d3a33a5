import { backOffMs } from '../../flow/backOff.ts'

const DEFER_FIRST_MS = 1_000
const DEFER_CAP_MS = 300_000

/** The time of the next attempt after this number of refused attempts. */
export function nextAttemptAtMs(nowMs: number, attempts: number, expiresAtMs?: number): number {
  const nextMs = nowMs + backOffMs(attempts, DEFER_FIRST_MS, DEFER_CAP_MS)
  // A message that expires first is due at its end, so that the customer is told in time.
  return Math.min(nextMs, expiresAtMs ?? nextMs)
}
