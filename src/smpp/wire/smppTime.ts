// The times of schedule_delivery_time, validity_period and final_date (SMPP 3.4 §7.1.1, 5.0
// §4.7.23).

/**
 * Whether this is a time of SMPP 3.4 §7.1.1: `YYMMDDhhmmsstnnp` with p `+` or `-` (absolute, nn
 * quarter hours from UTC) or `R` (relative, digits of any value).
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
// Two digits of a year are of 1938 to 2037 (SMPP 3.4 appendix C).
const YEAR_MIN = 1_938
const YEAR_MAX = 2_037

/**
 * `YYMMDDhhmmsstnnp` (SMPP 3.4 §7.1.1.1, 5.0 §4.7.23.4), down to the tenth of a second: the instant
 * `date`, told in the local time `quarterHours` east of UTC (-48 to 48). Throws RangeError if
 * `date` is invalid, if its local year is not in 1938 to 2037, or if the offset is out of range.
 */
export function writeAbsoluteTime(date: Date, quarterHours = 0): string {
  if (!Number.isInteger(quarterHours) || Math.abs(quarterHours) > 48) {
    throw new RangeError(`quarterHours is a whole number from -48 to 48, not ${quarterHours}`)
  }
  const local = new Date(date.getTime() + quarterHours * QUARTER_HOUR_MS)
  const year = local.getUTCFullYear()
  if (!(year >= YEAR_MIN && year <= YEAR_MAX)) {
    throw new RangeError(`an SMPP time is of the years ${YEAR_MIN} to ${YEAR_MAX}, not ${year}`)
  }
  const digits = local.toISOString().replace(/\D/g, '').slice(2, 15)
  return `${digits}${twoDigits(Math.abs(quarterHours))}${quarterHours < 0 ? '-' : '+'}`
}

/** How far from the centre's present time. What is left out is 0. */
export interface RelativeTime {
  /** By the calendar, 0-99. */
  readonly years?: number
  /** By the calendar; 12 are a year. */
  readonly months?: number
  /** 0-99, with what the smaller units add to them. */
  readonly days?: number
  /** 24 are a day. */
  readonly hours?: number
  /** 60 are an hour. */
  readonly minutes?: number
  /** 60 are a minute. */
  readonly seconds?: number
}

/**
 * `YYMMDDhhmmss000R` (SMPP 3.4 §7.1.1.2, 5.0 §4.7.23.5). What is full is carried: seconds, minutes
 * and hours into days, months into years; a number is so many seconds. Days are not carried, since
 * months differ in length: above 99 days name months and years, or write an absolute time. (Above
 * 31 some centres refuse them too.) Throws RangeError for more than 99 days or years, and for what
 * is no whole number or negative.
 */
export function writeRelativeTime(time: RelativeTime | number): string {
  const given = typeof time === 'number' ? { seconds: time } : time
  const { years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0 } = given
  for (const part of [years, months, days, hours, minutes, seconds]) {
    if (!Number.isSafeInteger(part) || part < 0) {
      throw new RangeError(`a relative time is of whole numbers from 0, not ${part}`)
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
  const instead = unit === 'days' ? 'name months and years, or ' : ''
  throw new RangeError(
    `a relative time has at most 99 ${unit}, not ${count}: ${instead}use writeAbsoluteTime`,
  )
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}

/** What readSmppTime makes of a field. */
export type SmppTime =
  /** An instant, and how many quarter hours its local time is ahead of UTC. */
  | { readonly kind: 'absolute'; readonly date: Date; readonly quarterHours: number }
  /** So long from `now`, and that instant. */
  | { readonly kind: 'relative'; readonly date: Date; readonly time: Required<RelativeTime> }
  /** At once, or as long as the centre likes. */
  | { readonly kind: 'empty' }
  /** No time, or a day that its month does not have. */
  | { readonly kind: 'unreadable' }

/** What a time leaves open. */
export interface SmppTimeOptions {
  /** The time from which a relative time counts; by default the present. */
  readonly now?: Date
  /**
   * The centre's local time, quarter hours ahead of UTC: of times of 12 digits, and of the calendar
   * by which the months of a relative time are counted. Default 0.
   */
  readonly quarterHours?: number
}

/**
 * The time in schedule_delivery_time, validity_period or final_date: absolute, relative, or the 12
 * digits `YYMMDDhhmmss` of the centre's local time with which centres answer query_sm (SMPP 3.4
 * §7.1.1, appendix C for the century: 38-99 is 19xx; 5.0 §4.7.23). Years and months are added by
 * the calendar, where a day that is not there becomes the last of its month; then the rest. Tenths
 * and offset of a relative time mean nothing. Never throws.
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

/** Undefined for the 31st of a month that has 30 days. */
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
  // It has run over into the next month, whose day 0 is the last of the one that was meant.
  if (date.getUTCDate() !== day) date.setUTCDate(0)
  const restMs = (days * DAY_SECONDS + hours * 3_600 + minutes * 60 + seconds) * 1_000
  date.setTime(date.getTime() - offsetMs + restMs)
  return { kind: 'relative', date, time: { years, months, days, hours, minutes, seconds } }
}
