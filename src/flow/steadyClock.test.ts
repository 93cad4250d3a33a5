import { expect, test, vi } from 'vitest'
import { SteadyClock } from './steadyClock.ts'

const HOUR_MS = 3_600_000

test.each([HOUR_MS, -HOUR_MS])('a step of the wall clock by %d ms is ignored', (stepMs) => {
  const clock = new SteadyClock()
  const beforeMs = clock.nowMs()
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() + stepMs)
  expect(Math.abs(clock.nowMs() - beforeMs)).toBeLessThan(HOUR_MS / 2)
  expect(Number.isInteger(clock.nowMs())).toBe(true)
})

test('follow() ignores a difference within the uncertainty of the round trip', () => {
  let monotonicMs = 1_000
  vi.spyOn(performance, 'now').mockImplementation(() => monotonicMs)
  vi.spyOn(Date, 'now').mockReturnValue(50_000)
  const clock = new SteadyClock()
  monotonicMs = 1_100
  clock.follow(50_090, 1_000, 1_100)
  expect(clock.nowMs()).toBe(50_100)
  clock.follow(90_050, 1_000, 1_100)
  expect(clock.nowMs()).toBe(90_100)
})
