/** The default number of our requests that may be unanswered, per session. */
export const DEFAULT_WINDOW_SIZE = 100

/** The default maximum of connections of one server. */
export const DEFAULT_MAX_SESSIONS = 10_000

/** The default maximum of a PDU; a legal one has a message_payload of up to 65,535 octets. */
export const MAX_PDU_OCTETS = 70_000

/** The options without those that are undefined. */
export function told<T extends object>(options: T): T {
  // The options that are removed are undefined, so they are optional in T.
  return Object.fromEntries(Object.entries(options).filter(([, one]) => one !== undefined)) as T
}
