import { CliError } from './cliError.ts'

const AGE = /^(\d{1,5})([smhd])$/
const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/**
 * Converts the value of a time option, which is a date or an age such as `2h`, to the ISO 8601
 * timestamp that the admin API expects. Throws CliError if the value is neither.
 */
export function givenTime(option: string, text: string, nowMs: number): string {
  const [, count, unit = ''] = AGE.exec(text) ?? []
  const atMs =
    count === undefined ? Date.parse(text) : nowMs - Number(count) * (UNITS_MS[unit] ?? 0)
  if (Number.isNaN(atMs))
    throw new CliError(
      `${option} ${text} is not a time: give an age such as 30m, 2h or 7d, or a date such as ` +
        '2026-12-01T08:00:00Z',
      { code: 'USAGE' },
    )
  return new Date(atMs).toISOString()
}
