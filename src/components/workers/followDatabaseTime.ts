import { readDatabaseTime } from '../../database/databaseTimeTable.ts'
import type { Database } from '../../database/database.ts'
import { repeat } from '../../flow/repeat.ts'
import type { SteadyClock } from '../../flow/steadyClock.ts'

/** Clocks of machines drift apart by less than a millisecond in this time. */
const FOLLOW_INTERVAL_MS = 10_000

/**
 * Keeps the clock to the database's, so that the times of all workers can be compared. While the
 * database is away it goes on by itself. Returns how to stop.
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
