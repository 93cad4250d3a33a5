/**
 * A time of day that is compared with times of other processes. It does not follow a step of this
 * machine's clock. It starts with the machine's time of day, or the last time from `follow`, and
 * advances with the monotonic clock.
 */
export class SteadyClock {
  #offsetMs = Date.now() - performance.now()

  /** Whole milliseconds since the epoch. */
  nowMs(): number {
    return Math.floor(this.#offsetMs + performance.now())
  }

  /**
   * Adjusts this clock to another one, such as the clock of the database. The other clock showed
   * `saidMs` at some time between `askedAtMs` and `answeredAtMs` of the monotonic clock. A
   * difference that the duration of the request can explain is ignored.
   */
  follow(saidMs: number, askedAtMs: number, answeredAtMs: number): void {
    const offsetMs = saidMs - (askedAtMs + answeredAtMs) / 2
    const uncertainMs = (answeredAtMs - askedAtMs) / 2
    if (Math.abs(offsetMs - this.#offsetMs) > uncertainMs) this.#offsetMs = offsetMs
  }
}
