import { expect, test } from 'vitest'
import { endOfLife } from '../../message/endOfLife.ts'
import { writeAbsoluteTime, writeRelativeTime } from '../../smpp/index.ts'
import { upstreamValidity } from './upstreamValidity.ts'

const ACCEPTED_AT_MS = Date.UTC(2026, 10, 30, 12)

function afterWaiting(validityPeriod: string, waitedMs: number): string {
  const end = endOfLife(validityPeriod, ACCEPTED_AT_MS)
  const expiresAtMs = end.kind === 'at' ? end.atMs : ACCEPTED_AT_MS + 48 * 3_600_000
  const validity = { validityPeriod, acceptedAtMs: ACCEPTED_AT_MS, expiresAtMs }
  return upstreamValidity(validity, ACCEPTED_AT_MS + waitedMs)
}

test('a message that waited is sent with its remaining validity period', () => {
  expect(afterWaiting(writeRelativeTime(3_600), 600_000)).toBe(writeRelativeTime(3_000))
  expect(afterWaiting(writeRelativeTime({ months: 1 }), 86_400_000)).toBe('000029000000000R')
})

test('the remaining period is rounded down to seconds, but is at least one second', () => {
  expect(afterWaiting(writeRelativeTime(60), 57_100)).toBe(writeRelativeTime(2))
  expect(afterWaiting(writeRelativeTime(60), 59_900)).toBe(writeRelativeTime(1))
})

test('a period is sent unchanged after a wait of up to a second, or if it is over 99 days', () => {
  expect(afterWaiting('000000000105000R', 1_000)).toBe('000000000105000R')
  expect(afterWaiting('010000000000000R', 60_000)).toBe('010000000000000R')
})

test('an absolute time or an empty validity period is sent unchanged', () => {
  const absolute = writeAbsoluteTime(new Date(ACCEPTED_AT_MS + 3_600_000), 4)
  expect(afterWaiting(absolute, 60_000)).toBe(absolute)
  expect(afterWaiting('', 60_000)).toBe('')
})
