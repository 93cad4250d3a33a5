/** Our own unanswered requests per session, unless told otherwise. */
export const DEFAULT_WINDOW_SIZE = 100

/** Connections of one server, unless told otherwise. */
export const DEFAULT_MAX_SESSIONS = 10_000

/** Above the largest legal PDU: a message_payload of 65,535 octets. */
export const MAX_PDU_OCTETS = 70_000

/** What is undefined counts as left out. */
export function told<T extends object>(options: T): T {
  // What is taken out of a T may be left out of it.
  return Object.fromEntries(Object.entries(options).filter(([, one]) => one !== undefined)) as T
}
