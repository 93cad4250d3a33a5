// The id from which a receive of each busy queue starts. Settled rows stay in the table and its
// index while any transaction is older than they are, and a receive that starts at the lowest id
// passes over all of them: 17 ms for 300,000 rows. So a process looks at the whole queue once a
// second and in between starts shortly below the first row that it found.

/** Entries that become visible far below the floor of a busy queue wait for at most this long. */
const LOOK_AGAIN_MS = 1_000
/**
 * Ids are given out before their rows are committed, and entries in hand elsewhere may be returned.
 * Those within this many ids of the first row that was found are received without delay.
 */
const MARGIN = 10_000n
/** Ids start at 1. */
export const WHOLE_QUEUE = '0'

export class ReceiveFloors {
  #now: () => number
  #floors = new Map<string, { from: string; untilMs: number }>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** The lowest id that the next receive needs to look at. */
  of(queue: string): string {
    const floor = this.#floors.get(queue)
    return floor && this.#now() < floor.untilMs ? floor.from : WHOLE_QUEUE
  }

  /** Remembers the first id that a look at the whole queue found. */
  raise(queue: string, firstId: string): void {
    const from = BigInt(firstId) - MARGIN
    if (from <= 0n) this.#floors.delete(queue)
    else this.#floors.set(queue, { from: String(from), untilMs: this.#now() + LOOK_AGAIN_MS })
  }

  /** The next receive looks at the whole queue. Only busy queues are remembered. */
  drop(queue: string): void {
    this.#floors.delete(queue)
  }
}
