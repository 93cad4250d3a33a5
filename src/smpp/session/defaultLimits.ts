import { integer, type OptionChecks } from '../wire/optionCheck.ts'

/** Bounds on what one session holds. */
export interface SessionLimits {
  /**
   * Octets that we wrote and the peer has not taken. Above this, reading stops until it has taken
   * all of them, for at most a minute. Default 1 MiB.
   */
  readonly unsentOctetsPause: number
  /** The same octets. Above this, the connection is destroyed. Default 16 MiB. */
  readonly unsentOctetsMax: number
  /**
   * Requests of the peer that wait for `respond`. At this number, reading stops until half of them
   * are answered. Default 10,000.
   */
  readonly unansweredByUs: number
  /**
   * The same in octets, including their TLVs and the chunks they came in. Default 16 MiB.
   */
  readonly unansweredOctets: number
  /** Calls of `send` that wait for room in the window. Default 10,000. */
  readonly waitingSends: number
}

/** The default limits: 1 MiB and 16 MiB of octets, 10,000 requests, 10,000 sends. */
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
