import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isSmppTime,
  readSmppTime,
  writeAbsoluteTime,
  writeRelativeTime,
  type RelativeTime,
} from './smppTime.ts'

const NOW = new Date('2026-01-31T23:30:00.250Z')

describe('an absolute time', () => {
  test.each([
    ['2026-01-02T03:04:05.678Z', undefined, '260102030405600+'],
    ['2026-01-02T03:04:05.678Z', 4, '260102040405604+'],
    ['2026-01-02T03:04:05.678Z', -22, '260101213405622-'],
    ['2026-01-02T03:04:05Z', 48, '260102150405048+'],
    ['2025-12-31T23:59:59.999Z', 1, '260101001459901+'],
    ['1938-01-01T00:00:00Z', 0, '380101000000000+'],
    ['2037-12-31T23:59:59.900Z', -0, '371231235959900+'],
  ])('%s with an offset of %s quarter hours is written as %s', (date, quarterHours, text) => {
    expect(writeAbsoluteTime(new Date(date), quarterHours)).toBe(text)
  })

  test.each([
    ['1937-12-31T23:59:59Z', 0, /1938 to 2037, not 1937/],
    ['2037-12-31T23:59:59Z', 1, /1938 to 2037, not 2038/],
    ['never', 0, /not NaN/],
    ['2026-01-02T03:04:05Z', 49, /-48 to 48, not 49/],
    ['2026-01-02T03:04:05Z', -48.5, /-48 to 48, not -48.5/],
    ['2026-01-02T03:04:05Z', Number.NaN, /-48 to 48, not NaN/],
  ])('%s with an offset of %d quarter hours throws RangeError', (date, quarterHours, message) => {
    const write = () => writeAbsoluteTime(new Date(date), quarterHours)
    expect(write).toThrow(RangeError)
    expect(write).toThrow(message)
  })

  test.each([
    ['260102030405604+', '2026-01-02T02:04:05.600Z', 4],
    ['260102030405648-', '2026-01-02T15:04:05.600Z', -48],
    ['371231235959900-', '2037-12-31T23:59:59.900Z', 0],
    ['380101000000000+', '1938-01-01T00:00:00.000Z', 0],
    ['240229000000000+', '2024-02-29T00:00:00.000Z', 0],
  ])('%s is read as %s', (text, date, quarterHours) => {
    const expected = { kind: 'absolute', date: new Date(date), quarterHours }
    expect(readSmppTime(text)).toEqual(expected)
  })

  test('twelve digits are read as local time of the message centre', () => {
    const date = new Date('1999-12-31T23:04:05Z')
    expect(readSmppTime('991231230405')).toEqual({ kind: 'absolute', date, quarterHours: 0 })
    const local = readSmppTime('000101040405', { quarterHours: 20 })
    expect(local).toEqual({ kind: 'absolute', date, quarterHours: 20 })
  })

  test('the option quarterHours is ignored if the time has an offset', () => {
    const time = readSmppTime('260102030405604+', { quarterHours: -20 })
    expect(time).toMatchObject({ date: new Date('2026-01-02T02:04:05.600Z'), quarterHours: 4 })
  })
})

describe('a relative time', () => {
  // The second row is the example in the specification (SMPP 3.4 §7.1.1.2).
  test.each<[RelativeTime | number, string]>([
    [0, '000000000000000R'],
    [{ years: 2, months: 6, days: 10, hours: 23, minutes: 34, seconds: 29 }, '020610233429000R'],
    [90, '000000000130000R'],
    [7 * 86_400, '000007000000000R'],
    [99 * 86_400 + 86_399, '000099235959000R'],
    [{ hours: 48, minutes: 61 }, '000002010100000R'],
    [{ months: 18 }, '010600000000000R'],
    [{ years: 98, months: 23, days: 98, seconds: 86_400 }, '991199000000000R'],
  ])('the relative time %j is written as %s', (time, text) => {
    expect(writeRelativeTime(time)).toBe(text)
  })

  test.each<[RelativeTime | number, RegExp]>([
    [100 * 86_400, /99 days, not 100: use months and years, or writeAbsoluteTime/],
    [{ days: 99, hours: 24 }, /99 days, not 100/],
    [{ years: 99, months: 12 }, /99 years, not 100: use writeAbsoluteTime/],
    [-1, /whole numbers from 0, not -1/],
    [0.5, /not 0.5/],
    [{ days: 2, hours: -1 }, /not -1/],
    [{ years: Number.NaN }, /not NaN/],
    [Infinity, /not Infinity/],
  ])('the relative time %j throws RangeError', (time, message) => {
    expect(() => writeRelativeTime(time)).toThrow(RangeError)
    expect(() => writeRelativeTime(time)).toThrow(message)
  })

  test.each([
    ['000000000000000R', '2026-01-31T23:30:00.250Z'],
    ['000000003001000R', '2026-02-01T00:00:01.250Z'],
    ['000100000000000R', '2026-02-28T23:30:00.250Z'],
    ['000101000000000R', '2026-03-01T23:30:00.250Z'],
    ['020100000000000R', '2028-02-29T23:30:00.250Z'],
    ['001199000000000R', '2027-04-09T23:30:00.250Z'],
    ['000099999999999R', '2026-05-15T04:10:39.250Z'],
  ])('%s is read as %s', (text, date) => {
    expect(readSmppTime(text, { now: NOW })).toMatchObject({ date: new Date(date) })
    expect(NOW.toISOString()).toBe('2026-01-31T23:30:00.250Z')
  })

  test('months are added in local time of the message centre, and all parts are returned', () => {
    // In the local time of this message centre, NOW is already 00:30 on February 1.
    const time = readSmppTime('000100000000000R', { now: NOW, quarterHours: 4 })
    expect(time).toEqual({
      kind: 'relative',
      date: new Date('2026-02-28T23:30:00.250Z'),
      time: { years: 0, months: 1, days: 0, hours: 0, minutes: 0, seconds: 0 },
    })
    const earlier = readSmppTime('000100000000000R', { now: NOW, quarterHours: -48 })
    expect(earlier).toMatchObject({ date: new Date('2026-02-28T23:30:00.250Z') })
    const march = { now: new Date('2026-03-31T23:30:00Z'), quarterHours: 4 }
    expect(readSmppTime('000100000000000R', march)).toMatchObject({
      date: new Date('2026-04-30T23:30:00Z'),
    })
  })

  test('is added to the present time if the option now is missing', () => {
    const before = Date.now()
    const time = readSmppTime('000000000000000R')
    expect(time.kind === 'relative' && time.date.getTime()).toBeGreaterThanOrEqual(before)
  })
})

test('an empty field is read as an empty time', () => {
  expect(readSmppTime('')).toEqual({ kind: 'empty' })
})

test.each([
  'tomorrow',
  '2601020304',
  '26010203040560',
  '260102030405600Z',
  '260102030405649+',
  '261302030405600+',
  '260230030405600+',
  '230229000000000+',
  '260431000000',
  '260102240000',
  '260102030405\n',
  '٢٦٠١٠٢٠٣٠٤٠٥',
])('%j is unreadable', (text) => {
  expect(readSmppTime(text)).toEqual({ kind: 'unreadable' })
})

describe('a written time', () => {
  const tenths = fc
    .integer({ min: Date.UTC(1938, 0, 2) / 100, max: Date.UTC(2037, 11, 30) / 100 })
    .map((count) => new Date(count * 100))
  const offset = fc.integer({ min: -48, max: 48 })

  test('is valid and is read as the same instant', () => {
    fc.assert(
      fc.property(tenths, offset, fc.nat(99), (date, quarterHours, ms) => {
        const text = writeAbsoluteTime(new Date(date.getTime() + ms), quarterHours)
        expect(isSmppTime(text)).toBe(true)
        const read = readSmppTime(text)
        expect(read).toEqual({ kind: 'absolute', date, quarterHours })
        expect(readSmppTime(text.slice(0, 12), { quarterHours })).toMatchObject({
          kind: 'absolute',
          date: new Date(Math.floor(date.getTime() / 1_000) * 1_000),
        })
      }),
    )
  })

  test('is valid and is read as the same relative time', () => {
    const time = fc.record({
      years: fc.nat(99),
      months: fc.nat(11),
      days: fc.nat(99),
      hours: fc.nat(23),
      minutes: fc.nat(59),
      seconds: fc.nat(59),
    })
    fc.assert(
      fc.property(time, (given) => {
        const text = writeRelativeTime(given)
        expect(isSmppTime(text)).toBe(true)
        expect(readSmppTime(text)).toMatchObject({ kind: 'relative', time: given })
      }),
    )
  })

  test('a number of seconds is read as an instant that many seconds later', () => {
    fc.assert(
      fc.property(fc.nat(100 * 86_400 - 1), tenths, offset, (seconds, now, quarterHours) => {
        const text = writeRelativeTime(seconds)
        expect(isSmppTime(text)).toBe(true)
        const date = new Date(now.getTime() + seconds * 1_000)
        expect(readSmppTime(text, { now, quarterHours })).toMatchObject({ date })
      }),
    )
  })
})

test('any text is read as a date only if it is a valid time or has twelve digits', () => {
  const digits = fc.stringMatching(/^[0-9]{11,16}[-+R]?$/)
  fc.assert(
    fc.property(fc.oneof(digits, fc.string()), (text) => {
      const time = readSmppTime(text)
      if ('date' in time) {
        expect(time.date.getTime()).not.toBeNaN()
        expect(isSmppTime(text) || text.length === 12).toBe(true)
      }
    }),
  )
})
