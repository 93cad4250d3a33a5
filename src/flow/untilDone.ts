import { asError } from './asError.ts'
import { errorKind } from './errorKind.ts'
import { backOffMs } from './backOff.ts'

export interface UntilDoneOptions {
  /** Called once for each kind of error. */
  onTrouble: (error: Error) => void
  /** When this signal is aborted, a pause ends immediately, and no further attempt starts. */
  signal?: AbortSignal
  pause?: (ms: number, signal?: AbortSignal) => Promise<void>
}

const PAUSE_FIRST_MS = 50
const PAUSE_CAP_MS = 2_000

/**
 * Runs `work` repeatedly, with increasing pauses, until it succeeds. Use this function for work
 * that no other process would take over. Resolves with true if `work` succeeded, or with false if
 * the signal was aborted first.
 */
export async function untilDone(
  work: () => Promise<void>,
  { onTrouble, signal, pause = pauseFor }: UntilDoneOptions,
): Promise<boolean> {
  const reported = new Set<string>()
  for (let attempt = 0; !signal?.aborted; attempt++) {
    try {
      await work()
      return true
    } catch (thrown) {
      const error = asError(thrown)
      if (!reported.has(errorKind(error))) onTrouble(error)
      reported.add(errorKind(error))
    }
    await pause(backOffMs(attempt, PAUSE_FIRST_MS, PAUSE_CAP_MS), signal)
  }
  return false
}

function pauseFor(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}
