import { repeat } from '../../flow/repeat.ts'
import type { PlatformGauges } from './readGauges.ts'
import type { PlatformMetrics } from './platformMetrics.ts'

/** Between the end of one reading and the start of the next. */
const REFRESH_INTERVAL_MS = 2_000

export interface FollowOptions {
  readonly metrics: PlatformMetrics
  read(): Promise<PlatformGauges>
  /** Once per outage. */
  onTrouble(what: string, error: Error): void
}

/** Reads now, then again and again. Returns how to stop. */
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
    'reading the figures; they stay as they were',
    refresh,
    onTrouble,
  )
}
