/**
 * The time of day for what is compared with times of other processes. It does not follow a step of
 * this machine's clock: it goes on by the monotonic clock, from the time of day at its start or
 * from what another clock said last.
 */
export class SteadyClock {
  #offsetMs = Date.now() - performance.now()

  /** Whole milliseconds since the epoch. */
  nowMs(): number {
    return Math.floor(this.#offsetMs + performance.now())
  }

  /**
   * Follows another clock, such as the database's, which said `saidMs` between these two moments of
   * the monotonic clock. What the time on the way may explain changes nothing.
   */
  follow(saidMs: number, askedAtMs: number, answeredAtMs: number): void {
    const offsetMs = saidMs - (askedAtMs + answeredAtMs) / 2
    const uncertainMs = (answeredAtMs - askedAtMs) / 2
    if (Math.abs(offsetMs - this.#offsetMs) > uncertainMs) this.#offsetMs = offsetMs
  }
}
