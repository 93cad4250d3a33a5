/** The time between two successive events. */
export interface Silence {
  readonly fromMs: number
  readonly toMs: number
}

/** Finds the silences of at least `minMs` in a stream of events. */
export class Silences {
  readonly #minMs: number
  readonly #found: Silence[] = []
  #lastMs = Number.POSITIVE_INFINITY

  constructor(minMs: number) {
    this.#minMs = minMs
  }

  event(nowMs: number): void {
    if (nowMs - this.#lastMs >= this.#minMs) {
      this.#found.push({ fromMs: this.#lastMs, toMs: nowMs })
    }
    this.#lastMs = nowMs
  }

  get found(): readonly Silence[] {
    return this.#found
  }
}
