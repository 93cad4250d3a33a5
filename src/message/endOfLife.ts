// When a message's life ends: after that it is never submitted, wherever it waited.

import { readSmppTime } from '../smpp/wire/smppTime.ts'

/** The reason that a message carries which expired here and not at an SMSC. */
export const EXPIRED_WAITING = 'expired waiting'

export type EndOfLife =
  | { kind: 'at'; atMs: number }
  /** The message names no validity_period. */
  | { kind: 'unset' }
  /** A day that its month does not have. All other nonsense was refused when it was decoded. */
  | { kind: 'unreadable' }

/**
 * The end that a validity_period (SMPP 3.4 §5.2.16) sets. A relative one counts from the moment at
 * which the gateway read the message, and goes on counting while the message waits.
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
