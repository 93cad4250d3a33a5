import { asError } from './asError.ts'
import { errorKind } from './errorKind.ts'

/**
 * Runs `work` immediately and then repeatedly, each time `intervalMs` after the last run has ended.
 * A run may return a different pause in milliseconds. Errors are passed to `onTrouble`, each kind
 * of error only once until a run succeeds. Returns a function that stops the repetition.
 */
export function repeat(
  intervalMs: number,
  what: string,
  work: () => Promise<number | void>,
  onTrouble: (what: string, error: Error) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const reported = new Set<string>()
  const round = async (): Promise<void> => {
    let restMs = intervalMs
    try {
      restMs = (await work()) ?? intervalMs
      reported.clear()
    } catch (thrown) {
      const error = asError(thrown)
      if (!reported.has(errorKind(error))) onTrouble(what, error)
      reported.add(errorKind(error))
    }
    if (!stopped) timer = setTimeout(start, restMs)
  }
  const start = (): void => {
    round().catch((error: Error) => onTrouble(what, error))
  }
  start()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
