// Decides whether a receipt may belong to a message with the same upstream id (the message id that
// the SMSC assigned). Workers use these functions for the submissions that they remember.
// upstreamIdTable.ts states the same rules in SQL, and a test compares the two.

/** The clocks of two hosts are assumed to differ by less than this. */
export const CLOCK_TOLERANCE_MS = 5_000
/** A shorter suffix of a number does not identify a subscriber. */
export const SUFFIX_DIGITS_MIN = 7

/**
 * Whether a receipt arrived late enough to belong to a message. A receipt that was read more than
 * CLOCK_TOLERANCE_MS before the message was written to the socket belongs to an earlier message
 * that had the same id.
 */
export function isInTime(submittedAtMs: number, receivedAtMs: number): boolean {
  return submittedAtMs <= receivedAtMs + CLOCK_TOLERANCE_MS
}

/** Compares two numbers. Either may lack its country code. '' matches every number. */
export function isSameNumber(a: string, b: string): boolean {
  if (a === b || a === '' || b === '') return true
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  return short.length >= SUFFIX_DIGITS_MIN && long.endsWith(short)
}

/**
 * Strips punctuation and leading zeros from a number such as `+31 6123-45678`, `0031612345678` or
 * `0612345678`. Returns '' for an address that is not a number, such as a name or a number with
 * masked digits.
 */
export function comparableNumber(address: string): string {
  const digits = address.replaceAll(/[ ().+-]/g, '')
  return /^\d+$/.test(digits) ? digits.replace(/^0+/, '') : ''
}
