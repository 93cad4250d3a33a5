import { integer, type OptionChecks } from '../wire/optionCheck.ts'

/** Limits on the memory and the pending work of one session. */
export interface SessionLimits {
  /**
   * If more octets than this wait to be sent because the peer reads too slowly, we stop reading
   * from the peer until all of them are sent. If that takes more than a minute, the session closes.
   * Default 1 MiB.
   */
  readonly unsentOctetsPause: number
  /** If more octets than this wait to be sent, the connection is destroyed. Default 16 MiB. */
  readonly unsentOctetsMax: number
  /**
   * The maximum number of requests from the peer that wait for `respond`. When it is reached,
   * reading stops until half of the requests are answered. Default 10,000.
   */
  readonly unansweredByUs: number
  /**
   * The maximum memory, in octets, for requests that wait for `respond`. It includes their TLVs and
   * the chunks in which the requests arrived. Reading stops and resumes as for `unansweredByUs`.
   * Default 16 MiB.
   */
  readonly unansweredOctets: number
  /** The number of calls to `send` that may wait for room in the window. Default 10,000. */
  readonly waitingSends: number
}

/**
 * The default limits. Reading pauses at 1 MiB of unsent octets, and the connection is destroyed at
 * 16 MiB. Up to 10,000 requests or 16 MiB may be unanswered by us. Up to 10,000 sends may wait.
 */
export const DEFAULT_LIMITS: SessionLimits = {
  unsentOctetsPause: 1024 * 1024,
  unsentOctetsMax: 16 * 1024 * 1024,
  unansweredByUs: 10_000,
  unansweredOctets: 16 * 1024 * 1024,
  waitingSends: 10_000,
}

export const LIMIT_CHECKS: OptionChecks<SessionLimits> = {
  unsentOctetsPause: integer(1),
  unsentOctetsMax: integer(1),
  unansweredByUs: integer(1),
  unansweredOctets: integer(1),
  waitingSends: integer(1),
}
