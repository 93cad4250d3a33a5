import { expect, onTestFinished, test, vi } from 'vitest'
import { SessionClock } from './sessionClock.ts'

const TIMERS = {
  sessionInitTimeoutMs: 10_000,
  enquireLinkIntervalMs: 30_000,
  responseTimeoutMs: 30_000,
  inactivityTimeoutMs: 0,
}

/** The number of times that a session with these timers checks its deadlines in ten seconds. */
function ticksInTenSeconds(timers: typeof TIMERS): number {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const now = vi.fn<(nowMs: number) => void>()
  const never = () => expect.unreachable()
  const clock = new SessionClock(
    {
      side: 'mc',
      timers,
      windowSize: 1,
      systemId: '',
      interfaceVersion: 0x34,
      versionWhenUntold: 0x34,
      maxPduOctets: 1_000,
    },
    {
      now,
      enquire: never,
      unbind: never,
      leavingOverdue: never,
      close: never,
      destroy: never,
    },
  )
  clock.bound()
  vi.advanceTimersByTime(10_000)
  clock.stop()
  return now.mock.calls.length
}

test('a session with long timers checks them once a second', () => {
  expect(ticksInTenSeconds(TIMERS)).toBe(10)
})

test('other numeric properties of the timers object do not change the check interval', () => {
  // A caller may pass its whole configuration as timers. If the pool size of 6 were taken for a
  // timer of 6 ms, each of ten thousand idle sessions would check its timers every 5 ms, the
  // minimum.
  const config = { ...TIMERS, databasePoolSize: 6 }
  expect(ticksInTenSeconds(config)).toBe(10)
})

test('a session checks its timers four times during its shortest timer', () => {
  expect(ticksInTenSeconds({ ...TIMERS, responseTimeoutMs: 2_000 })).toBe(20)
})
