const SECOND_MS = 1_000

/** The rate limit of an SMSC: at most `max` messages in any sliding second, by the SMSC's clock. */
export class SlidingSecond {
  readonly #max: number
  /** The times of the messages accepted in the last second, oldest first. */
  #takenAtMs: number[] = []

  /** @param max 0 for no limit */
  constructor(max: number) {
    this.#max = max
  }

  /** Returns false if the message exceeds the limit. Such a message is not counted. */
  take(nowMs: number): boolean {
    if (this.#max === 0) return true
    const kept = this.#takenAtMs.findIndex((atMs) => atMs > nowMs - SECOND_MS)
    this.#takenAtMs.splice(0, kept < 0 ? this.#takenAtMs.length : kept)
    if (this.#takenAtMs.length >= this.#max) return false
    this.#takenAtMs.push(nowMs)
    return true
  }
}
