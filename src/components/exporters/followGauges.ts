import { repeat } from '../../flow/repeat.ts'
import type { PlatformGauges } from './readGauges.ts'
import type { PlatformMetrics } from './platformMetrics.ts'

/** The pause between the end of a reading and the start of the next reading. */
const REFRESH_INTERVAL_MS = 2_000

export interface FollowOptions {
  readonly metrics: PlatformMetrics
  read(): Promise<PlatformGauges>
  /** Called when a reading fails. Until a reading succeeds, each kind of error is reported once. */
  onTrouble(what: string, error: Error): void
}

/**
 * Reads the figures immediately, and again every two seconds. Returns a function that stops the
 * reading.
 */
export function followGauges({ metrics, read, onTrouble }: FollowOptions): () => void {
  const refresh = async () => {
    try {
      metrics.set(await read(), Date.now())
    } catch (error) {
      metrics.storeAway()
      throw error
    }
  }
  return repeat(
    REFRESH_INTERVAL_MS,
    'reading the figures failed; the last figures are kept',
    refresh,
    onTrouble,
  )
}
