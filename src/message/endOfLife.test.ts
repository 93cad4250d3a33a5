import { expect, test } from 'vitest'
import { writeAbsoluteTime, writeRelativeTime } from '../smpp/wire/smppTime.ts'
import { endOfLife } from './endOfLife.ts'

const ACCEPTED_AT_MS = Date.UTC(2026, 10, 30, 12)
const DAY_MS = 86_400_000

test('a relative validity_period counts from the time the message was accepted', () => {
  const inThreeSeconds = { kind: 'at', atMs: ACCEPTED_AT_MS + 3_000 }
  expect(endOfLife(writeRelativeTime(3), ACCEPTED_AT_MS)).toEqual(inThreeSeconds)
  const inAMonth = { kind: 'at', atMs: ACCEPTED_AT_MS + 30 * DAY_MS }
  expect(endOfLife(writeRelativeTime({ months: 1 }), ACCEPTED_AT_MS)).toEqual(inAMonth)
})

test('an absolute validity_period is read with any offset from UTC', () => {
  const end = new Date(ACCEPTED_AT_MS + 90_000)
  for (const quarterHours of [-20, 0, 4])
    expect(endOfLife(writeAbsoluteTime(end, quarterHours), 1)).toEqual({
      kind: 'at',
      atMs: end.getTime(),
    })
})

test('an empty validity_period is unset, and a day that does not exist is unreadable', () => {
  expect(endOfLife('', ACCEPTED_AT_MS)).toEqual({ kind: 'unset' })
  expect(endOfLife('260231120000000+', ACCEPTED_AT_MS)).toEqual({ kind: 'unreadable' })
})
