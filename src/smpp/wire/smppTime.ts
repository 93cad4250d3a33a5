// Reads and writes the times in schedule_delivery_time, validity_period and final_date (SMPP 3.4
// §7.1.1, 5.0 §4.7.23).

/**
 * Whether the text is a time in the format of SMPP 3.4 §7.1.1: `YYMMDDhhmmsstnnp`. If p is `+` or
 * `-`, the time is absolute, and nn is its offset from UTC in quarter hours. If p is `R`, the time
 * is relative, and its digits may have any value.
 */
export function isSmppTime(text: string): boolean {
  if (!/^\d{15}[-+R]$/.test(text)) return false
  if (text[15] === 'R') return true
  const part = (start: number) => Number(text.slice(start, start + 2))
  const within = (start: number, min: number, max: number) =>
    part(start) >= min && part(start) <= max
  return (
    within(2, 1, 12) &&
    within(4, 1, 31) &&
    within(6, 0, 23) &&
    within(8, 0, 59) &&
    within(10, 0, 59) &&
    within(13, 0, 48)
  )
}

const QUARTER_HOUR_MS = 900_000
const DAY_SECONDS = 86_400
// Two-digit years stand for 1938 to 2037 (SMPP 3.4 appendix C).
const YEAR_MIN = 1_938
const YEAR_MAX = 2_037

/**
 * Writes the instant `date` as an absolute time, `YYMMDDhhmmsstnnp` (SMPP 3.4 §7.1.1.1, 5.0
 * §4.7.23.4), down to the tenth of a second. The time is written in local time that is
 * `quarterHours` ahead of UTC (-48 to 48). Throws RangeError if `date` is invalid, if its local
 * year is not between 1938 and 2037, or if the offset is out of range.
 */
export function writeAbsoluteTime(date: Date, quarterHours = 0): string {
  if (!Number.isInteger(quarterHours) || Math.abs(quarterHours) > 48) {
    throw new RangeError(`quarterHours must be an integer from -48 to 48, not ${quarterHours}`)
  }
  const local = new Date(date.getTime() + quarterHours * QUARTER_HOUR_MS)
  const year = local.getUTCFullYear()
  if (!(year >= YEAR_MIN && year <= YEAR_MAX)) {
    throw new RangeError(`the local year must be ${YEAR_MIN} to ${YEAR_MAX}, not ${year}`)
  }
  const digits = local.toISOString().replace(/\D/g, '').slice(2, 15)
  return `${digits}${twoDigits(Math.abs(quarterHours))}${quarterHours < 0 ? '-' : '+'}`
}

/** A span of time from the present time of the message centre. Omitted properties are 0. */
export interface RelativeTime {
  /** Calendar years: 0-99, including full years in `months`. */
  readonly years?: number
  /** Calendar months. Every 12 months are written as a year. */
  readonly months?: number
  /** Days: 0-99, including full days in `hours`, `minutes` and `seconds`. */
  readonly days?: number
  /** Every 24 hours are written as a day. */
  readonly hours?: number
  /** Every 60 minutes are written as an hour. */
  readonly minutes?: number
  /** Every 60 seconds are written as a minute. */
  readonly seconds?: number
}

/**
 * Writes a relative time, `YYMMDDhhmmss000R` (SMPP 3.4 §7.1.1.2, 5.0 §4.7.23.5). A number is a
 * count of seconds. Full units are carried: seconds, minutes and hours into days, and months into
 * years. Days are not carried into months, because months differ in length. For more than 99 days,
 * use months and years, or an absolute time. (Some message centres refuse more than 31 days.)
 * Throws RangeError for more than 99 days or years, for negative numbers and for fractions.
 */
export function writeRelativeTime(time: RelativeTime | number): string {
  const given = typeof time === 'number' ? { seconds: time } : time
  const { years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0 } = given
  for (const part of [years, months, days, hours, minutes, seconds]) {
    if (!Number.isSafeInteger(part) || part < 0) {
      throw new RangeError(`a relative time needs whole numbers from 0, not ${part}`)
    }
  }
  const allMonths = years * 12 + months
  const allSeconds = days * DAY_SECONDS + hours * 3_600 + minutes * 60 + seconds
  const parts = [
    upTo99('years', Math.floor(allMonths / 12)),
    allMonths % 12,
    upTo99('days', Math.floor(allSeconds / DAY_SECONDS)),
    Math.floor(allSeconds / 3_600) % 24,
    Math.floor(allSeconds / 60) % 60,
    allSeconds % 60,
  ]
  return `${parts.map(twoDigits).join('')}000R`
}

function upTo99(unit: 'years' | 'days', count: number): number {
  if (count <= 99) return count
  const instead = unit === 'days' ? 'months and years, or ' : ''
  throw new RangeError(
    `a relative time can have at most 99 ${unit}, not ${count}: use ${instead}writeAbsoluteTime`,
  )
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}

/** The result of readSmppTime. */
export type SmppTime =
  /** An instant, and the offset of its local time from UTC, in quarter hours (east is positive). */
  | { readonly kind: 'absolute'; readonly date: Date; readonly quarterHours: number }
  /** A span of time from `now`, and the instant at its end. */
  | { readonly kind: 'relative'; readonly date: Date; readonly time: Required<RelativeTime> }
  /** An empty field: immediate delivery, or the message centre's default validity. */
  | { readonly kind: 'empty' }
  /** The text is not a time, or its month does not have that day. */
  | { readonly kind: 'unreadable' }

/** Information that a time does not contain. */
export interface SmppTimeOptions {
  /** The time to which a relative time is added. Default: the present. */
  readonly now?: Date
  /**
   * The offset of the message centre's local time from UTC, in quarter hours (east is positive). It
   * is used for times of 12 digits, and to add the months of a relative time. Default: 0.
   */
  readonly quarterHours?: number
}

/**
 * Reads the time in schedule_delivery_time, validity_period or final_date (SMPP 3.4 §7.1.1, 5.0
 * §4.7.23). The time may be absolute, relative, or the 12 digits `YYMMDDhhmmss` in local time with
 * which message centres answer query_sm. Two-digit years from 38 on are 19xx (SMPP 3.4 appendix C).
 * For a relative time, years and months are added by the calendar first. If the resulting month is
 * too short for the day, its last day is used. Then the other units are added. The tenths and the
 * offset of a relative time are ignored. Never throws.
 */
export function readSmppTime(text: string, options: SmppTimeOptions = {}): SmppTime {
  const { now = new Date(), quarterHours = 0 } = options
  if (text === '') return { kind: 'empty' }
  const isLocal = /^\d{12}$/.test(text)
  const whole = isLocal ? `${text}000+` : text
  if (!isSmppTime(whole)) return { kind: 'unreadable' }
  if (whole.endsWith('R')) return relativeTime(whole, now, quarterHours * QUARTER_HOUR_MS)
  // `|| 0`: an offset of -00 is 0, not -0.
  const offset = isLocal ? quarterHours : Number(`${whole[15]}${whole.slice(13, 15)}`) || 0
  const date = instantOf(whole, offset * QUARTER_HOUR_MS)
  return date ? { kind: 'absolute', date, quarterHours: offset } : { kind: 'unreadable' }
}

function partsOf(text: string): [number, number, number, number, number, number] {
  const part = (start: number) => Number(text.slice(start, start + 2))
  return [part(0), part(2), part(4), part(6), part(8), part(10)]
}

/** The instant of an absolute time; undefined if the month does not have that day. */
function instantOf(text: string, offsetMs: number): Date | undefined {
  const [shortYear, month, day, hours, minutes, seconds] = partsOf(text)
  const year = shortYear + (shortYear < YEAR_MIN % 100 ? 2_000 : 1_900)
  const tenthsMs = Number(text[12]) * 100
  const localMs = Date.UTC(year, month - 1, day, hours, minutes, seconds, tenthsMs)
  return new Date(localMs).getUTCDate() === day ? new Date(localMs - offsetMs) : undefined
}

function relativeTime(text: string, now: Date, offsetMs: number): SmppTime {
  const [years, months, days, hours, minutes, seconds] = partsOf(text)
  const date = new Date(now.getTime() + offsetMs)
  const day = date.getUTCDate()
  date.setUTCMonth(date.getUTCMonth() + years * 12 + months)
  // If the month is too short, the date has moved into the next month. Day 0 of the next month is
  // the last day of the intended month.
  if (date.getUTCDate() !== day) date.setUTCDate(0)
  const restMs = (days * DAY_SECONDS + hours * 3_600 + minutes * 60 + seconds) * 1_000
  date.setTime(date.getTime() - offsetMs + restMs)
  return { kind: 'relative', date, time: { years, months, days, hours, minutes, seconds } }
}
