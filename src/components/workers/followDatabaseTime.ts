import { readDatabaseTime } from '../../database/databaseTimeTable.ts'
import type { Database } from '../../database/database.ts'
import { repeat } from '../../flow/repeat.ts'
import type { SteadyClock } from '../../flow/steadyClock.ts'

/** The clocks of two machines drift apart by less than a millisecond in this time. */
const FOLLOW_INTERVAL_MS = 10_000

/**
 * Adjusts the clock to the database's time, so that the times of all workers can be compared. While
 * the database is unavailable, the clock continues by itself. Returns a function that stops the
 * adjustments.
 */
export function followDatabaseTime(
  clock: SteadyClock,
  database: Database,
  onTrouble: (what: string, error: Error) => void,
): () => void {
  const follow = async (): Promise<void> => {
    const askedAtMs = performance.now()
    const saidMs = await readDatabaseTime(database)
    clock.follow(saidMs, askedAtMs, performance.now())
  }
  return repeat(FOLLOW_INTERVAL_MS, "reading the database's time", follow, onTrouble)
}
