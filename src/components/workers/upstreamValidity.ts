import { type ShortMessageBody, writeRelativeTime } from '../../smpp/index.ts'
import type { Task } from './submitLane.ts'

/** A message that waited no longer than this goes upstream with the period as it came. */
const NOTICEABLE_MS = 1_000
/** A relative time says no more than 99 days. No SMSC keeps a message that long. */
const RELATIVE_SECONDS_MAX = 99 * 86_400

export interface Validity {
  /** As the customer wrote it. */
  validityPeriod: string
  acceptedAtMs: number
  expiresAtMs: number | undefined
}

/**
 * The validity_period to submit now. The SMSC would count a relative one from the beginning, so it
 * gets what is left. An absolute time means the same at any time, and a message without a
 * validity_period goes without one.
 */
export function upstreamValidity(validity: Validity, nowMs: number): string {
  const { acceptedAtMs, expiresAtMs, validityPeriod } = validity
  if (!validityPeriod.endsWith('R') || expiresAtMs === undefined) return validityPeriod
  if (nowMs - acceptedAtMs <= NOTICEABLE_MS) return validityPeriod
  const secondsLeft = Math.max(1, Math.floor((expiresAtMs - nowMs) / 1_000))
  return secondsLeft <= RELATIVE_SECONDS_MAX ? writeRelativeTime(secondsLeft) : validityPeriod
}

/** What goes upstream now: the customer's fields, unless a relative validity has run down. */
export function submitSmNow(task: Task, nowMs: number): ShortMessageBody {
  const { expiresAtMs, message, submitSm } = task
  const { validity_period: validityPeriod } = submitSm
  if (validityPeriod === '') return submitSm
  const { acceptedAtMs } = message
  const validity_period = upstreamValidity({ validityPeriod, acceptedAtMs, expiresAtMs }, nowMs)
  return validity_period === validityPeriod ? submitSm : { ...submitSm, validity_period }
}
