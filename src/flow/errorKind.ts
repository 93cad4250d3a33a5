/**
 * What kind of failure an error tells of. During an outage each kind is reported once: behind a
 * database that is away, a refusal must not stay unsaid.
 */
export function errorKind(error: Error): string {
  return 'code' in error ? String(error.code) : error.name
}
