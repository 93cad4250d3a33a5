import { type ShortMessageBody, writeRelativeTime } from '../../smpp/index.ts'
import type { Task } from './submitLane.ts'

/** A message that waited no longer than this is sent with its period unchanged. */
const NOTICEABLE_MS = 1_000
/** A longer remaining period is not rewritten, because no SMSC keeps a message for 99 days. */
const RELATIVE_SECONDS_MAX = 99 * 86_400

export interface Validity {
  /** The validity_period that the customer wrote. */
  validityPeriod: string
  acceptedAtMs: number
  expiresAtMs: number | undefined
}

/**
 * The validity_period to submit now. The SMSC counts a relative period from the submission, so the
 * SMSC gets the time that is left. An absolute time or an empty validity_period is returned
 * unchanged.
 */
export function upstreamValidity(validity: Validity, nowMs: number): string {
  const { acceptedAtMs, expiresAtMs, validityPeriod } = validity
  if (!validityPeriod.endsWith('R') || expiresAtMs === undefined) return validityPeriod
  if (nowMs - acceptedAtMs <= NOTICEABLE_MS) return validityPeriod
  const secondsLeft = Math.max(1, Math.floor((expiresAtMs - nowMs) / 1_000))
  return secondsLeft <= RELATIVE_SECONDS_MAX ? writeRelativeTime(secondsLeft) : validityPeriod
}

/** The fields to submit now. Only a relative validity_period may differ from the customer's. */
export function submitSmNow(task: Task, nowMs: number): ShortMessageBody {
  const { expiresAtMs, message, submitSm } = task
  const { validity_period: validityPeriod } = submitSm
  if (validityPeriod === '') return submitSm
  const { acceptedAtMs } = message
  const validity_period = upstreamValidity({ validityPeriod, acceptedAtMs, expiresAtMs }, nowMs)
  return validity_period === validityPeriod ? submitSm : { ...submitSm, validity_period }
}
