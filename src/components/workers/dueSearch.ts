import type { Database } from '../../database/database.ts'
import { claimDue, claimNext, type LeavingEntry } from '../../message/waitingMessageTable.ts'

/** A look at all queues costs what has left them since the oldest snapshot of the database. */
const LOOK_INTERVAL_MS_MIN = 500
/** Looks at all queues take at most about a tenth of the time. */
const LOOK_INTERVAL_FACTOR = 10

/**
 * Finds waiting messages that are due. It looks at all queues from the start now and then, and
 * between these looks it goes on where it was. A message that becomes due before that place, or
 * whose claim has ended, is found by the next look.
 */
export class DueSearch {
  readonly #database: Database
  readonly #now: () => number
  /** By queue: the time at which the last message that was claimed was due. */
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
