import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ExpiryTimer } from './expiryTimer.ts'

const DAY_MS = 86_400_000

beforeEach(() => void vi.useFakeTimers({ now: 1_790_000_000_000 }))
afterEach(() => void vi.useRealTimers())

/** An expiry timer, with a record of when each message expired. */
function watched() {
  const ends: number[] = []
  const expired: { end: number; atMs: number }[] = []
  const timer = new ExpiryTimer((nowMs) => {
    for (const end of ends.filter((one) => one <= nowMs)) {
      ends.splice(ends.indexOf(end), 1)
      expired.push({ end, atMs: nowMs })
    }
    return Math.min(...ends)
  })
  const add = (end: number): void => {
    ends.push(end)
    timer.notice(end)
  }
  return { add, expired, timer }
}

test('each message expires on time, in whatever order the messages are added', () => {
  const { add, expired, timer } = watched()
  const startMs = Date.now()
  for (const afterMs of [5_000, 1_000, 60_000, 1_500]) add(startMs + afterMs)
  vi.advanceTimersByTime(120_000)
  expect(expired.map(({ end }) => end - startMs)).toEqual([1_000, 1_500, 5_000, 60_000])
  for (const { atMs, end } of expired) expect(atMs - end).toBeLessThanOrEqual(20)
  timer.stop()
})

test('a wall clock that is set forward is noticed within ten seconds', () => {
  const { add, expired, timer } = watched()
  add(Date.now() + DAY_MS)
  vi.setSystemTime(Date.now() + 2 * DAY_MS)
  vi.advanceTimersByTime(10_000)
  expect(expired).toHaveLength(1)
  timer.stop()
})

test('an expiry time that is months away needs only one timer, which does not fire early', () => {
  const { add, timer } = watched()
  add(Date.now() + 100 * DAY_MS)
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(9_000)
  expect(vi.getTimerCount()).toBe(1)
  timer.stop()
  expect(vi.getTimerCount()).toBe(0)
})
