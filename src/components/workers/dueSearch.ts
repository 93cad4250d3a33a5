import type { Database } from '../../database/database.ts'
import { claimDue, claimNext, type LeavingEntry } from '../../message/waitingMessageTable.ts'

/**
 * The shortest time between two full searches. A full search is expensive, because it also scans
 * all rows that were deleted since the oldest open snapshot of the database.
 */
const LOOK_INTERVAL_MS_MIN = 500
/** The pause after a full search is at least this many times the duration of the search. */
const LOOK_INTERVAL_FACTOR = 10

/**
 * Finds waiting messages that are due. A full search searches all queues from the start. Between
 * full searches, each search continues in each queue from the place that the last search reached.
 * The next full search finds messages that are due before that place, and messages whose claim has
 * ended.
 */
export class DueSearch {
  readonly #database: Database
  readonly #now: () => number
  /** The latest due time of the claimed messages of each queue, in epoch ms. */
  readonly #places = new Map<string, number>()
  #lookAtMs = Number.NEGATIVE_INFINITY

  /** @param now a monotonic clock, ms */
  constructor(database: Database, now: () => number = () => performance.now()) {
    this.#database = database
    this.#now = now
  }

  async claim(
    max: number,
    claimMs: number,
    clearedQueues: readonly string[],
  ): Promise<LeavingEntry[]> {
    const places = this.#places
    if (places.size > 0 && this.#now() < this.#lookAtMs) {
      const claimed = await claimNext(this.#database, max, claimMs, clearedQueues, places)
      if (claimed.length > 0) return this.#remember(claimed)
    }
    const startedMs = this.#now()
    const claimed = await claimDue(this.#database, max, claimMs, clearedQueues)
    const endedMs = this.#now()
    const pauseMs = Math.max(LOOK_INTERVAL_MS_MIN, LOOK_INTERVAL_FACTOR * (endedMs - startedMs))
    this.#lookAtMs = endedMs + pauseMs
    places.clear()
    return this.#remember(claimed)
  }

  #remember(claimed: LeavingEntry[]): LeavingEntry[] {
    for (const { dueAt, queue } of claimed) {
      const place = this.#places.get(queue) ?? Number.NEGATIVE_INFINITY
      if (dueAt.getTime() > place) this.#places.set(queue, dueAt.getTime())
    }
    return claimed
  }
}
