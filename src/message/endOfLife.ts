// The end of a message's validity. After that time the message is never submitted, wherever it has
// been waiting.

import { readSmppTime } from '../smpp/wire/smppTime.ts'

/** The reason stored with a message that expired in the gateway rather than at an SMSC. */
export const EXPIRED_WAITING = 'expired waiting'

export type EndOfLife =
  | { kind: 'at'; atMs: number }
  /** The message has no validity_period. */
  | { kind: 'unset' }
  /** The date does not exist, such as 31 February. The decoder rejects all other invalid values. */
  | { kind: 'unreadable' }

/**
 * Reads a validity_period (SMPP 3.4 §5.2.16). A relative period starts when the gateway reads the
 * message, and includes the time for which the message waits in queues.
 */
export function endOfLife(validityPeriod: string, acceptedAtMs: number): EndOfLife {
  if (validityPeriod === '') return { kind: 'unset' }
  const time = readSmppTime(validityPeriod, { now: new Date(acceptedAtMs) })
  switch (time.kind) {
    case 'absolute':
    case 'relative':
      return { kind: 'at', atMs: time.date.getTime() }
    case 'empty':
      return { kind: 'unset' }
    case 'unreadable':
      return { kind: 'unreadable' }
  }
}
