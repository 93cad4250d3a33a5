/** Causes that are nested more deeply than this are left out. */
const DEPTH_MAX = 5

/**
 * The message of an error, followed by the messages of its causes. If the message of an error
 * already contains the messages of its cause, they are not repeated.
 */
export function reasonOf(error: unknown, depth = DEPTH_MAX): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.message || textOfParts(error) || error.name
  if (error.cause === undefined || depth === 0) return own
  const cause = reasonOf(error.cause, depth - 1)
  return own.includes(cause) ? own : `${own}: ${cause}`
}

/**
 * The messages of the errors in an AggregateError. If no address of a host can be reached, Node
 * throws an AggregateError that has no message.
 */
function textOfParts(error: Error): string {
  if (!(error instanceof AggregateError)) return ''
  return [...new Set(error.errors.map((one: unknown) => reasonOf(one, 1)))].join('; ')
}

/**
 * Whether an error is part of normal operation, such as an unavailable peer. Expected errors have a
 * `code`, or are timeouts or aborts. All other errors are defects, and their stacks are logged.
 */
export function isExpected(error: Error): boolean {
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return true
  // Node's codes for programming errors begin with ERR_.
  return 'code' in error && typeof error.code === 'string' && !error.code.startsWith('ERR_')
}
