/**
 * A clock for times of day that are compared with the times of other processes. It starts from this
 * machine's time of day, or from the time in the last call of follow(), and then advances with the
 * monotonic clock. If this machine's clock is set to another time, this clock is not affected.
 */
export class SteadyClock {
  #offsetMs = Date.now() - performance.now()

  /** Whole milliseconds since the epoch. */
  nowMs(): number {
    return Math.floor(this.#offsetMs + performance.now())
  }

  /**
   * Adjusts this clock to another clock, such as the clock of the database. The other clock showed
   * `saidMs` at some time between `askedAtMs` and `answeredAtMs` of the monotonic clock. A
   * difference is ignored if the duration of the request can explain it.
   */
  follow(saidMs: number, askedAtMs: number, answeredAtMs: number): void {
    const offsetMs = saidMs - (askedAtMs + answeredAtMs) / 2
    const uncertainMs = (answeredAtMs - askedAtMs) / 2
    if (Math.abs(offsetMs - this.#offsetMs) > uncertainMs) this.#offsetMs = offsetMs
  }
}
