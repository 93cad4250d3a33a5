import type { SessionTimers } from './sessionTypes.ts'

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

/** Our own unanswered requests per session, unless told otherwise. */
export const DEFAULT_WINDOW_SIZE = 100

/** Connections of one server, unless told otherwise. */
export const DEFAULT_MAX_SESSIONS = 10_000

/** Above the largest legal PDU: a message_payload of 65,535 octets. */
export const MAX_PDU_OCTETS = 70_000

/** Those that are told, and the defaults for the others. */
export function timersOf(timers: Partial<SessionTimers> = {}): SessionTimers {
  return { ...DEFAULT_TIMERS, ...told(timers) }
}

/** What is undefined counts as left out. */
export function told<T extends object>(options: T): T {
  // What is taken out of a T may be left out of it.
  return Object.fromEntries(Object.entries(options).filter(([, one]) => one !== undefined)) as T
}
