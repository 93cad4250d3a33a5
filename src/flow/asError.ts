/** JavaScript can throw any value. Everything that reports trouble takes an `Error`. */
export function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value))
}
