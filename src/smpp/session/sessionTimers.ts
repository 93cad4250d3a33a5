import { timer, type OptionChecks } from '../wire/optionCheck.ts'
import { told } from './sessionDefaults.ts'

/** SMPP 3.4 §7.2, in milliseconds; 0 switches one off. */
export interface SessionTimers {
  /**
   * Server: from the connection to the bind request; a PROXY header and a TLS handshake before that
   * have this time too, and 10 s when it is off.
   */
  readonly sessionInitTimeoutMs: number
  /** Nothing received for so long: ask with enquire_link. */
  readonly enquireLinkIntervalMs: number
  /** From a request to its response; without one an enquire_link or unbind closes the session. */
  readonly responseTimeoutMs: number
  /** No message in either direction for so long: unbind. */
  readonly inactivityTimeoutMs: number
  /** A PDU begun but not complete for so long: close. Default: responseTimeoutMs, at least 1 s. */
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
 * The timers of SMPP 3.4 §7.2 unless told otherwise, in milliseconds: 10 s from the connection to
 * the bind, enquire_link after 30 s of silence, 30 s for a response, and no end for inactivity.
 */
export const DEFAULT_TIMERS: SessionTimers = {
  sessionInitTimeoutMs: 10_000,
  enquireLinkIntervalMs: 30_000,
  responseTimeoutMs: 30_000,
  inactivityTimeoutMs: 0,
}

/** Those that are told, and the defaults for the others. */
export function timersOf(timers: Partial<SessionTimers> = {}): SessionTimers {
  return { ...DEFAULT_TIMERS, ...told(timers) }
}
