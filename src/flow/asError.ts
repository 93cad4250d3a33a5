/** Converts a thrown value, which JavaScript allows to be anything, to an `Error`. */
export function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value))
}
