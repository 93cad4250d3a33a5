import { asError } from './asError.ts'

/**
 * Runs `work` at once and then again and again, each time `intervalMs` after its last end. `work`
 * may answer with another rest, in ms. Failures are reported once per outage and never thrown.
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
  let healthy = true
  const round = async (): Promise<void> => {
    let restMs = intervalMs
    try {
      restMs = (await work()) ?? intervalMs
      healthy = true
    } catch (error) {
      if (healthy) onTrouble(what, asError(error))
      healthy = false
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
