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
  from: string
  wholeAtMs: number
  /** How long the last search of the whole list took. */
  tookMs: number
  /** A search that began before this time says nothing any more. */
  droppedAtMs: number
}

/** Lists whose floor is remembered; those of customers that are gone must not add up. */
const LISTS_MAX = 50_000

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
   * A search that started at `from` found this first key, or nothing. It began at `startedMs`. A
   * list in which nothing was ever found has no floor.
   */
  searched(list: string, from: string, firstKey: string | undefined, startedMs: number): void {
    const known = this.#floors.get(list)
    if (known && startedMs <= known.droppedAtMs) return
    const floor = firstKey === undefined ? known?.from : below(firstKey)
    if (floor === undefined || floor === WHOLE_LIST) return
    if (from !== WHOLE_LIST) {
      // Rows below it are found by the next search of the whole list, as was promised for them.
      if (known) known.from = higher(known.from, floor)
      return
    }
    const nowMs = this.#now()
    const tookMs = nowMs - startedMs
    // One slow search may have waited for the disk or for a connection.
    const restMs = Math.min(tookMs, known?.tookMs ?? 0) / WHOLE_SHARE_MAX
    const pauseMs = Math.min(Math.max(restMs, WHOLE_INTERVAL_MS), WHOLE_INTERVAL_MAX_MS)
    if (this.#floors.size >= LISTS_MAX) this.#floors.clear()
    this.#floors.set(list, {
      from: floor,
      wholeAtMs: nowMs + pauseMs,
      tookMs,
      droppedAtMs: known?.droppedAtMs ?? -1,
    })
  }

  /** The next search looks at the whole list, whatever one that is under way finds. */
  drop(list: string): void {
    const known = this.#floors.get(list)
    const nowMs = this.#now()
    this.#floors.set(list, {
      from: known?.from ?? WHOLE_LIST,
      wholeAtMs: nowMs,
      tookMs: known?.tookMs ?? 0,
      droppedAtMs: nowMs,
    })
  }
}

function higher(a: string, b: string): string {
  return BigInt(a) > BigInt(b) ? a : b
}

function below(key: string): string {
  const from = BigInt(key) - MARGIN
  return from <= 0n ? WHOLE_LIST : String(from)
}
