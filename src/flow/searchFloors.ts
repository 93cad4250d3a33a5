// The keys at which searches for the first rows of a list, such as a queue, start. Deleted rows
// stay in the table and its index while an older transaction is open. A search from the beginning
// must read all of them, which takes 17 ms for 300,000 rows. A process therefore searches the whole
// list at most once a second. All other searches start at a key called the floor, which is slightly
// below the first row that earlier searches found.

/**
 * The shortest interval between searches of the whole list. Rows far below the floor are found
 * within this time, or later if searches are slow.
 */
const WHOLE_INTERVAL_MS = 1_000
/**
 * The longest interval between searches of the whole list. Such a search may take a second if a
 * transaction has been open for hours.
 */
const WHOLE_INTERVAL_MAX_MS = 30_000
/** The maximum fraction of the time that is spent on searches of the whole list. */
const WHOLE_SHARE_MAX = 0.02
/**
 * The distance of the floor below the first row found. Rows can later appear below the first row,
 * because keys are assigned before their rows are committed, and because rows may be returned to
 * the list. Rows within this distance are found without delay.
 */
const MARGIN = 1_000n
/** A floor that is below all keys, which start at 1. */
export const WHOLE_LIST = '0'

interface Floor {
  from: string
  wholeAtMs: number
  /** The duration of the last search of the whole list. */
  tookMs: number
  /** The results of searches that began before this time are ignored. */
  droppedAtMs: number
}

/** The maximum number of floors, which bounds memory. Beyond it, all floors are removed. */
const LISTS_MAX = 50_000

export class SearchFloors {
  #now: () => number
  #floors = new Map<string, Floor>()

  /** @param now returns monotonic milliseconds */
  constructor(now = () => performance.now()) {
    this.#now = now
  }

  /** The key at which the next search of this list should start. */
  of(list: string): string {
    const floor = this.#floors.get(list)
    return floor && this.#now() < floor.wholeAtMs ? floor.from : WHOLE_LIST
  }

  /**
   * Call after a search of the list from key `from`, which began at time `startedMs`. `firstKey` is
   * the first key found, or undefined if nothing was found. A list in which nothing was ever found
   * has no floor.
   */
  searched(list: string, from: string, firstKey: string | undefined, startedMs: number): void {
    const known = this.#floors.get(list)
    if (known && startedMs <= known.droppedAtMs) return
    const floor = firstKey === undefined ? known?.from : below(firstKey)
    if (floor === undefined || floor === WHOLE_LIST) return
    if (from !== WHOLE_LIST) {
      // This search does not delay the next search of the whole list. Only a search of the whole
      // list finds rows below the floor.
      if (known) known.from = higher(known.from, floor)
      return
    }
    const nowMs = this.#now()
    const tookMs = nowMs - startedMs
    // The pause depends on the faster of the last two searches of the whole list, because the
    // slower search may have waited for the disk or a connection.
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

  /** Makes the next search cover the whole list. Results of searches in progress are ignored. */
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
