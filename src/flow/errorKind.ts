/**
 * The kind of an error: its `code`, or its name if it has no code. During an outage, each kind is
 * reported once. For example, an error in a query is reported even if an unavailable database was
 * reported before.
 */
export function errorKind(error: Error): string {
  return 'code' in error ? String(error.code) : error.name
}
