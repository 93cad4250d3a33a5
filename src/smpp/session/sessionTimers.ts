import { timer, type OptionChecks } from '../wire/optionCheck.ts'
import { told } from './sessionDefaults.ts'

/** The timers of SMPP 3.4 §7.2, in milliseconds. 0 switches one off. */
export interface SessionTimers {
  /**
   * Server: the time from the connection to the bind request. PROXY header and TLS handshake before
   * that have the same time, or 10 s if this timer is off.
   */
  readonly sessionInitTimeoutMs: number
  /** Sends enquire_link after this time without anything from the peer. */
  readonly enquireLinkIntervalMs: number
  /** From a request to its response. An unanswered enquire_link or unbind closes the session. */
  readonly responseTimeoutMs: number
  /** Unbinds after this time without a message in either direction. */
  readonly inactivityTimeoutMs: number
  /** Closes if a PDU takes longer to arrive. Default: responseTimeoutMs, but at least 1 s. */
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
 * The defaults for the timers of SMPP 3.4 §7.2, in milliseconds: 10 s from the connection to the
 * bind, enquire_link after 30 s of silence, 30 s for a response, and no limit on inactivity.
 */
export const DEFAULT_TIMERS: SessionTimers = {
  sessionInitTimeoutMs: 10_000,
  enquireLinkIntervalMs: 30_000,
  responseTimeoutMs: 30_000,
  inactivityTimeoutMs: 0,
}

/** Fills missing timers with the defaults. */
export function timersOf(timers: Partial<SessionTimers> = {}): SessionTimers {
  return { ...DEFAULT_TIMERS, ...told(timers) }
}
