/** The default number of our requests that may be unanswered in one session. */
export const DEFAULT_WINDOW_SIZE = 100

/** The default maximum number of connections to one server. */
export const DEFAULT_MAX_SESSIONS = 10_000

/** The default maximum size of a PDU. A valid message_payload alone may have 65,535 octets. */
export const MAX_PDU_OCTETS = 70_000

/** Returns a copy of the options without the properties whose value is undefined. */
export function told<T extends object>(options: T): T {
  // A property whose value is undefined is optional in T, so the result is still a T.
  return Object.fromEntries(Object.entries(options).filter(([, one]) => one !== undefined)) as T
}
