// Reads and writes the dates in receipts. SMPP 3.4 appendix B has YYMMDDhhmm in the SMSC's local
// time. In practice, SMSCs also write seconds, full years, separators, the 16-character format of
// §7.1.1, or Unix time.

/** Information that is needed to read a date, but that the date does not contain. */
export interface ReceiptTimeOptions {
  /** The offset of the SMSC's local time from UTC, in minutes east. Default: 0. */
  readonly utcOffsetMinutes?: number
  /**
   * The latest possible time, in milliseconds since 1970. If twelve digits can be both YYMMDDhhmmss
   * and YYYYMMDDhhmm, the reading that is not later than this time is chosen. Without this option,
   * YYMMDDhhmmss is chosen.
   */
  readonly latestMs?: number
}

/**
 * Reads the date in a receipt (SMPP 3.4 appendix B, §7.1.1). Returns undefined if the text is not a
 * date. Never throws.
 */
export function readReceiptTime(text: string, options: ReceiptTimeOptions = {}): Date | undefined {
  const { utcOffsetMinutes = 0, latestMs = Number.POSITIVE_INFINITY } = options
  const { date, offsetMinutes = utcOffsetMinutes } = splitZone(text.trim())
  const digits = date.replace(/[-/:. T]/g, '')
  if (!/^\d+$/.test(digits)) return undefined
  const found = (READINGS[digits.length] ?? []).flatMap((reading) => {
    const atMs = reading(digits, offsetMinutes)
    return atMs === undefined ? [] : [atMs]
  })
  const atMs = found.find((one) => one <= latestMs) ?? found[0]
  return atMs === undefined ? undefined : new Date(atMs)
}

type Reading = (digits: string, offsetMinutes: number) => number | undefined

/** The possible readings for each number of digits, the most likely first. */
const READINGS: Readonly<Record<number, readonly Reading[]>> = {
  6: [shortYear],
  8: [fullYear],
  10: [shortYear, unixSeconds],
  12: [shortYear, fullYear],
  13: [shortYear, unixMs],
  14: [fullYear],
  17: [fullYear],
}

interface Zoned {
  readonly date: string
  readonly offsetMinutes?: number
}

/**
 * Separates the UTC offset from the date. In the format of SMPP 3.4 §7.1.1, the offset is the last
 * three characters: quarter hours, then the sign. Offsets in the format of ISO 8601 are also read.
 */
function splitZone(text: string): Zoned {
  const absolute = /^(\d{13})(\d\d)([+-])$/.exec(text)
  if (absolute) {
    const [, date = '', quarters, sign] = absolute
    return { date, offsetMinutes: Number(`${sign}${quarters}`) * 15 }
  }
  const iso = /^(.*\d:\d\d(?:\.\d{3})?)(?:Z|([+-]\d\d):?(\d\d))$/.exec(text)
  if (!iso) return { date: text }
  const [, date = '', hours = '+00', minutes = '00'] = iso
  const sign = hours.startsWith('-') ? -1 : 1
  return { date, offsetMinutes: Number(hours) * 60 + sign * Number(minutes) }
}

/**
 * Reads a date with a two-digit year: 38-99 stand for 1938-1999 (SMPP 3.4 appendix C). A thirteenth
 * digit is tenths of a second.
 */
function shortYear(digits: string, offsetMinutes: number): number | undefined {
  const year = Number(digits.slice(0, 2))
  const tenthsMs = Number(digits.slice(12, 13)) * 100
  const atMs = instant(year + (year < 38 ? 2_000 : 1_900), digits.slice(2, 12), offsetMinutes)
  return atMs === undefined ? undefined : atMs + tenthsMs
}

function fullYear(digits: string, offsetMinutes: number): number | undefined {
  const year = Number(digits.slice(0, 4))
  if (year < 1_938 || year > 2_099) return undefined
  const atMs = instant(year, digits.slice(4, 14), offsetMinutes)
  return atMs === undefined ? undefined : atMs + Number(digits.slice(14, 17))
}

/** Reads `rest`, which is MMDD followed by as many digits of hhmmss as the text has. */
function instant(year: number, rest: string, offsetMinutes: number): number | undefined {
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = (rest.match(/../g) ?? []).map(
    Number,
  )
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return isDay ? date.getTime() - offsetMinutes * 60_000 : undefined
}

/**
 * Reads ten digits as Unix time. Only numbers that begin with 1 are accepted (2001 to 2033),
 * because other numbers are more likely to be an invalid date.
 */
function unixSeconds(digits: string): number | undefined {
  return digits.startsWith('1') ? Number(digits) * 1_000 : undefined
}

function unixMs(digits: string): number | undefined {
  return digits.startsWith('1') ? Number(digits) : undefined
}

/** The formats of dates in receipts. The first is the format of appendix B. */
export type ReceiptTimeFormat = 'YYMMDDhhmm' | 'YYMMDDhhmmss' | 'YYYYMMDDhhmm' | 'YYYYMMDDhhmmss'

/** Writes `date` in local time, `utcOffsetMinutes` east of UTC (SMPP 3.4 appendix B). */
export function writeReceiptTime(
  date: Date,
  format: ReceiptTimeFormat,
  utcOffsetMinutes: number,
): string {
  const local = new Date(date.getTime() + utcOffsetMinutes * 60_000)
  const year = local.getUTCFullYear()
  const century = format.startsWith('YYYY') ? twoDigits(Math.floor(year / 100)) : ''
  const seconds = format.endsWith('ss') ? twoDigits(local.getUTCSeconds()) : ''
  return (
    century +
    twoDigits(year % 100) +
    twoDigits(local.getUTCMonth() + 1) +
    twoDigits(local.getUTCDate()) +
    twoDigits(local.getUTCHours()) +
    twoDigits(local.getUTCMinutes()) +
    seconds
  )
}

function twoDigits(number: number): string {
  return number < 10 ? `0${number}` : `${number}`
}
