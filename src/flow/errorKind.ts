/**
 * The kind of an error: its `code`, or its name if it has no code. Callers that retry report each
 * kind of error once during an outage. For example, they report an error in a query even if they
 * have already reported that the database is unavailable.
 */
export function errorKind(error: Error): string {
  return 'code' in error ? String(error.code) : error.name
}
