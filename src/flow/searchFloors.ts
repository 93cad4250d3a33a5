// Where a search for the first rows of a list starts. Rows that are gone stay in the table and its
// index while any transaction is older than they are, and a search from the beginning passes over
// all of them: 17 ms for 300,000 rows. So a process searches the whole list at most once a second,
// and in between starts shortly below the first row that it found then.

/** Rows far below the floor are found within this time, or later if the search takes long. */
const WHOLE_INTERVAL_MS = 1_000
/** While a transaction is held open for hours, a search of the whole list may take a second. */
const WHOLE_INTERVAL_MAX_MS = 30_000
/** At most this part of the time is spent on searches of the whole list. */
const WHOLE_SHARE_MAX = 0.02
/**
 * Keys are given out before their rows are committed, and rows may be returned. Those within this
 * many keys of the first row that was found are found without delay.
 */
const MARGIN = 1_000n
/** Keys start at 1. */
export const WHOLE_LIST = '0'

interface Floor {
  readonly from: string
  readonly wholeAtMs: number
}

export class SearchFloors {
  #now: () => number
  #floors = new Map<string, Floor>()

  /** @param now monotonic, ms */
  constructor(now = () => performance.now()) {
    this.#now = now
  }

  /** The lowest key that the next search of this list needs to look at. */
  of(list: string): string {
    const floor = this.#floors.get(list)
    return floor && this.#now() < floor.wholeAtMs ? floor.from : WHOLE_LIST
  }

  /**
   * A search of the whole list found this first key, or nothing. It began at `startedMs`. A list in
   * which nothing was ever found has no floor.
   */
  searched(list: string, firstKey: string | undefined, startedMs: number): void {
    const from = firstKey === undefined ? this.#floors.get(list)?.from : below(firstKey)
    if (from === undefined || from === WHOLE_LIST) {
      this.#floors.delete(list)
      return
    }
    const nowMs = this.#now()
    const restMs = Math.min((nowMs - startedMs) / WHOLE_SHARE_MAX, WHOLE_INTERVAL_MAX_MS)
    this.#floors.set(list, { from, wholeAtMs: nowMs + Math.max(restMs, WHOLE_INTERVAL_MS) })
  }

  /** The next search looks at the whole list. */
  drop(list: string): void {
    this.#floors.delete(list)
  }
}

function below(key: string): string {
  const from = BigInt(key) - MARGIN
  return from <= 0n ? WHOLE_LIST : String(from)
}
