import { onTestFinished, vi } from 'vitest'

/** The number of event loop iterations in which a message crosses a socket and is answered. */
const TURNS = 4

export interface VirtualTime {
  /**
   * Lets time pass until `isSo` returns true. Throws if `isSo` does not return true within `maxMs`.
   */
  until(isSo: () => boolean, maxMs: number): Promise<void>
}

/**
 * Virtual time for both sides of real sockets, so that a slow machine does not affect the test.
 * Time passes in steps, and the sockets are served between the steps. Call this first in a test, so
 * that real timers are restored last.
 */
export function virtualTime(stepMs = 1): VirtualTime {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
  })
  onTestFinished(() => void vi.useRealTimers())
  return {
    until: async (isSo, maxMs) => {
      for (let passedMs = 0; !isSo(); passedMs += stepMs) {
        if (passedMs >= maxMs) throw new Error(`the condition was not met within ${maxMs} ms`)
        vi.advanceTimersByTime(stepMs)
        for (let turn = 0; turn < TURNS; turn++) await new Promise(setImmediate)
      }
    },
  }
}
