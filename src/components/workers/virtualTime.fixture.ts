import { onTestFinished, vi } from 'vitest'

/** Turns of the event loop in which a message gets to the other side of a socket and back. */
const TURNS = 4

export interface VirtualTime {
  /** Lets time pass until something is the case. Throws if it is not after `maxMs`. */
  until(isSo: () => boolean, maxMs: number): Promise<void>
}

/**
 * Time of the test's own for both sides of real sockets, so that a slow machine changes nothing: it
 * passes in steps, and the sockets are served in between. Begin with this, so that it ends last.
 */
export function virtualTime(stepMs = 1): VirtualTime {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
  })
  onTestFinished(() => void vi.useRealTimers())
  return {
    until: async (isSo, maxMs) => {
      for (let passedMs = 0; !isSo(); passedMs += stepMs) {
        if (passedMs >= maxMs) throw new Error(`not so after ${maxMs} ms`)
        vi.advanceTimersByTime(stepMs)
        for (let turn = 0; turn < TURNS; turn++) await new Promise(setImmediate)
      }
    },
  }
}
