/** A warning or an error from the log, with the number of times it was logged. */
export interface Trouble {
  readonly text: string
  readonly level: string
  readonly count: number
  readonly lastAt: string
}

interface Kept {
  text: string
  level: string
  count: number
  lastAtMs: number
}

const TROUBLES_MAX = 10
const CHARACTERS_MAX = 200

/**
 * The warnings and errors that a process logged most recently. Texts that differ only in their
 * numbers share an entry.
 */
export class RecentTroubles {
  readonly #now: () => number
  /** The entries by their text, with `#` for each number. The latest entry is the last. */
  readonly #kept = new Map<string, Kept>()

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  note(level: string, text: string): void {
    const key = text.replace(/\d+/g, '#').slice(0, CHARACTERS_MAX)
    const count = (this.#kept.get(key)?.count ?? 0) + 1
    this.#kept.delete(key)
    this.#kept.set(key, {
      text: text.slice(0, CHARACTERS_MAX),
      level,
      count,
      lastAtMs: this.#now(),
    })
    if (this.#kept.size <= TROUBLES_MAX) return
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest)
      return
    }
  }

  /** Returns the entries, the latest first. */
  list(): readonly Trouble[] {
    return [...this.#kept.values()]
      .map(({ count, lastAtMs, level, text }) => ({
        text,
        level,
        count,
        lastAt: new Date(lastAtMs).toISOString(),
      }))
      .toReversed()
  }
}
