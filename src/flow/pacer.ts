/**
 * Paces sends over any sliding window as they were sent: a ring of the last N send times, where
 * a send is allowed once the N-th last one is a window old. No bursts beyond N, no drift.
 */
export class Pacer {
  #windowMs: number
  #ring: Float64Array
  #next = 0

  /**
   * `rate` messages per `windowMs` (1 s by default). A fraction above a whole number is not used;
   * below one a window the window is stretched; 0 sends nothing.
   *
   * @param startMs as if as many as allowed were sent then: what somebody else may have sent
   *   under the same pace just before
   */
  constructor(rate: number, windowMs = 1000, startMs = Number.NEGATIVE_INFINITY) {
    const slots = Math.max(1, Math.floor(rate))
    // 0.5/s is one in two seconds. 2.5/s is two in one: three would be too many in some second.
    this.#windowMs = rate < 1 ? windowMs / rate : windowMs
    this.#ring = new Float64Array(slots).fill(startMs)
  }

  /** How long until a send is allowed, ms; 0 = now. */
  waitMs(nowMs: number): number {
    if (this.#windowMs === Number.POSITIVE_INFINITY) return this.#windowMs
    // The slot to be overwritten next holds the oldest of the last N sends.
    const oldest = this.#ring[this.#next] ?? Number.NEGATIVE_INFINITY
    return Math.max(0, oldest + this.#windowMs - nowMs)
  }

  sent(nowMs: number): void {
    this.#ring[this.#next] = nowMs
    this.#next = (this.#next + 1) % this.#ring.length
  }
}
