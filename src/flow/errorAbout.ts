/**
 * Wraps an error in a new error whose message is the given subject, such as `message 0197…`. The
 * new error keeps the `code` of its cause, so that `isExpected` still recognises an expected
 * failure.
 */
export function errorAbout(subject: string, cause: Error): Error {
  const error = new Error(subject, { cause })
  return 'code' in cause ? Object.assign(error, { code: cause.code }) : error
}
