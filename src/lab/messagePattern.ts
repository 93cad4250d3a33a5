/**
 * Returns a function for the address of the n-th message of a run. A row of # is replaced by the
 * last digits of n, one for each #. For n = 17, `4477009#####` becomes 447700900017.
 */
export function address(pattern: string): (n: number) => string {
  const row = /#+/.exec(pattern)?.[0]
  if (row === undefined) return () => pattern
  const modulus = 10 ** row.length
  return (n) => pattern.replace(row, String(n % modulus).padStart(row.length, '0'))
}

/**
 * Returns a function for the text of the n-th message of a run. {n} is replaced by the number of
 * the message, and {reference} by the reference that links a received message to a sent message.
 */
export function text(pattern: string, run: string): (n: number) => string {
  return (n) => pattern.replace('{reference}', reference(run, n)).replace('{n}', String(n))
}

export function reference(run: string, n: number): string {
  return `${run}-${n}.`
}

/** The number of the message with this text; undefined if the text is not from this run. */
export function numberIn(said: string, run: string): number | undefined {
  const at = said.indexOf(`${run}-`)
  if (at < 0) return undefined
  const from = at + run.length + 1
  const end = said.indexOf('.', from)
  const n = Number(said.slice(from, end))
  return end > from && Number.isSafeInteger(n) ? n : undefined
}
