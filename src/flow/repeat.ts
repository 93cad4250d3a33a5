import { asError } from './asError.ts'
import { errorKind } from './errorKind.ts'

/**
 * Runs `work` at once and then again and again, each time `intervalMs` after its last end. `work`
 * may answer with another rest, in ms. Each kind of failure is reported once per outage, and
 * never thrown.
 * Returns a function that ends the repetition.
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
