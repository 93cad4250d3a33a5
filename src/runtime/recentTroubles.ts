/** A warning or an error of the log, and how often it was logged. */
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
 * The last warnings and errors that a process has logged. Texts that differ only in their numbers
 * count as the same.
 */
export class RecentTroubles {
  readonly #now: () => number
  /** The entries by text without numbers. The latest entry is the last. */
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
