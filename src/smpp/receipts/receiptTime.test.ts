import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readReceiptTime, writeReceiptTime } from './receiptTime.ts'

describe('the date of a receipt', () => {
  test.each([
    ['2601020304', '2026-01-02T03:04:00.000Z'],
    ['260102030405', '2026-01-02T03:04:05.000Z'],
    ['202601020304', '2026-01-02T03:04:00.000Z'],
    ['20260102030405', '2026-01-02T03:04:05.000Z'],
    ['260102', '2026-01-02T00:00:00.000Z'],
    ['20260102', '2026-01-02T00:00:00.000Z'],
    ['2026-01-02 03:04:05', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05.678', '2026-01-02T03:04:05.678Z'],
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05-02:30', '2026-01-02T05:34:05.000Z'],
    ['2026-01-02T03:04+0100', '2026-01-02T02:04:00.000Z'],
    ['260102030405604+', '2026-01-02T02:04:05.600Z'],
    ['260102030405604-', '2026-01-02T04:04:05.600Z'],
    ['1767323045', '2026-01-02T03:04:05.000Z'],
    ['1767323045678', '2026-01-02T03:04:05.678Z'],
    ['9912312359', '1999-12-31T23:59:00.000Z'],
  ])('%s is read as %s', (text, expected) => {
    expect(readReceiptTime(text)?.toISOString()).toBe(expected)
  })

  test.each(['', '0000000000', '26010112', '2602300000', '2601012400', '260102030405000R', 'soon'])(
    '%j is read as undefined',
    (text) => {
      expect(readReceiptTime(text)).toBeUndefined()
    },
  )

  test('is read in the local time of the SMSC unless it has an offset', () => {
    const options = { utcOffsetMinutes: 180 }
    expect(readReceiptTime('2601020304', options)).toEqual(new Date('2026-01-02T00:04:00Z'))
    expect(readReceiptTime('260102030400000+', options)).toEqual(new Date('2026-01-02T03:04:00Z'))
  })

  test('twelve digits are read in the format that gives a date not after latestMs', () => {
    const text = '201206191530'
    expect(readReceiptTime(text)).toEqual(new Date('2020-12-06T19:15:30Z'))
    const latestMs = Date.UTC(2013, 0, 1)
    expect(readReceiptTime(text, { latestMs })).toEqual(new Date('2012-06-19T15:30:00Z'))
  })
})

test('any text is read as a valid date or as undefined', () => {
  const digits = fc.stringMatching(/^[0-9:/ .T+-]{0,18}$/)
  fc.assert(
    fc.property(fc.oneof(digits, fc.string()), (text) => {
      expect(readReceiptTime(text)?.getTime()).not.toBeNaN()
    }),
  )
})

test('a written date is read as the same instant', () => {
  const minutes = fc.integer({
    min: Date.UTC(1970, 0, 2) / 60_000,
    max: Date.UTC(2037, 0) / 60_000,
  })
  fc.assert(
    fc.property(minutes, fc.integer({ min: -720, max: 720 }), (minute, utcOffsetMinutes) => {
      const date = new Date(minute * 60_000)
      for (const format of ['YYMMDDhhmm', 'YYMMDDhhmmss', 'YYYYMMDDhhmmss'] as const) {
        const text = writeReceiptTime(date, format, utcOffsetMinutes)
        expect(text).toHaveLength(format.length)
        expect(readReceiptTime(text, { utcOffsetMinutes })).toEqual(date)
      }
    }),
  )
})
