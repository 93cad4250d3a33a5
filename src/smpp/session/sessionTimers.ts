import { timer, type OptionChecks } from '../wire/optionCheck.ts'
import { told } from './sessionDefaults.ts'

/** The timers of SMPP 3.4 §7.2, in milliseconds. 0 switches a timer off. */
export interface SessionTimers {
  /**
   * On a server, the time from the start of the session to the bind request. The PROXY header and
   * the TLS handshake come before the session. Together they have the same time limit, or 10 s if
   * this timer is off.
   */
  readonly sessionInitTimeoutMs: number
  /** The session sends enquire_link after the peer has been silent for this time. */
  readonly enquireLinkIntervalMs: number
  /**
   * The time from a request to its response. The session closes if enquire_link or unbind is not
   * answered within this time.
   */
  readonly responseTimeoutMs: number
  /** The session unbinds after this time without a message in either direction. */
  readonly inactivityTimeoutMs: number
  /**
   * The session closes if a PDU takes longer than this to arrive completely. Default:
   * responseTimeoutMs, but at least 1 s.
   */
  readonly pduTimeoutMs?: number
}

export const TIMER_CHECKS: OptionChecks<SessionTimers> = {
  sessionInitTimeoutMs: timer,
  enquireLinkIntervalMs: timer,
  responseTimeoutMs: timer,
  inactivityTimeoutMs: timer,
  pduTimeoutMs: timer,
}

/**
 * The defaults for the timers of SMPP 3.4 §7.2, in milliseconds: 10 s from the start of a session
 * to its bind, enquire_link after 30 s of silence, 30 s for a response, and no limit on inactivity.
 */
export const DEFAULT_TIMERS: SessionTimers = {
  sessionInitTimeoutMs: 10_000,
  enquireLinkIntervalMs: 30_000,
  responseTimeoutMs: 30_000,
  inactivityTimeoutMs: 0,
}

/** Returns the timers, with defaults for those that are missing or undefined. */
export function timersOf(timers: Partial<SessionTimers> = {}): SessionTimers {
  return { ...DEFAULT_TIMERS, ...told(timers) }
}
