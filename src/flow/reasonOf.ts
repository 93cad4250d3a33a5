/** Causes deeper than this tell nothing new. */
const DEPTH_MAX = 5

/** The text of an error with those of its causes. A text that another one contains is left out. */
export function reasonOf(error: unknown, depth = DEPTH_MAX): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.message || textOfParts(error) || error.name
  if (error.cause === undefined || depth === 0) return own
  const cause = reasonOf(error.cause, depth - 1)
  return own.includes(cause) ? own : `${own}: ${cause}`
}

/** Node tries every address of a host, and joins the errors in one without a text. */
function textOfParts(error: Error): string {
  if (!(error instanceof AggregateError)) return ''
  return [...new Set(error.errors.map((one: unknown) => reasonOf(one, 1)))].join('; ')
}

/**
 * Whether a failure is part of normal operation, such as a peer that is away. Such errors have a
 * `code`, or are time-outs. All others are defects, whose stack is worth a look.
 */
export function isExpected(error: Error): boolean {
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return true
  // Those of Node that tell of a defect begin with ERR_.
  return 'code' in error && typeof error.code === 'string' && !error.code.startsWith('ERR_')
}
