/**
 * An error that says what it is about, such as `message 0197…`. It keeps the code, so an expected
 * failure is still one. Reports stay alike, and can be counted together.
 */
export function errorAbout(subject: string, cause: Error): Error {
  const error = new Error(subject, { cause })
  return 'code' in cause ? Object.assign(error, { code: cause.code }) : error
}
