/**
 * Wraps an error in a new error whose message is the given subject, such as `message 0197…`. The
 * new error keeps the `code` of its cause, because isExpected() in reasonOf.ts uses the code to
 * distinguish expected errors, such as an unavailable peer, from defects.
 */
export function errorAbout(subject: string, cause: Error): Error {
  const error = new Error(subject, { cause })
  return 'code' in cause ? Object.assign(error, { code: cause.code }) : error
}
