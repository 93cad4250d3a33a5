// Which messages a receipt may be about, once their id is the same: stated here for what a worker
// remembers, and in upstreamIdTable.ts for the database. A test compares the two.

/** The clocks of two hosts differ by less. */
export const CLOCK_TOLERANCE_MS = 5_000
/** Fewer digits at the end of a number may be anybody's. */
export const SUFFIX_DIGITS_MIN = 7

/**
 * A receipt that was read this much before the message was written to the socket is about another
 * message, which had the same id.
 */
export function isInTime(submittedAtMs: number, receivedAtMs: number): boolean {
  return submittedAtMs <= receivedAtMs + CLOCK_TOLERANCE_MS
}

/** Compares two numbers. One may lack its country code; '' matches every number. */
export function isSameNumber(a: string, b: string): boolean {
  if (a === b || a === '' || b === '') return true
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  return short.length >= SUFFIX_DIGITS_MIN && long.endsWith(short)
}

/**
 * A number without what it is written with: `+31 6123-45678`, `0031612345678`, `0612345678`. ''
 * for an address that is no number, such as a name or a number with masked digits.
 */
export function comparableNumber(address: string): string {
  const digits = address.replaceAll(/[ ().+-]/g, '')
  return /^\d+$/.test(digits) ? digits.replace(/^0+/, '') : ''
}
