import { asError } from './asError.ts'

/**
 * Runs `work` now and again `intervalMs` after each end; `work` may answer with another rest, ms.
 * Failures are said once per outage, never thrown. Returns how to stop.
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
