/**
 * Paces sends over any sliding window as they were sent: a ring of the last N send times, where
 * a send is allowed once the N-th last one is a window old. No bursts beyond N, no drift.
 */
export class Pacer {
  #windowMs: number
  #ring: Float64Array
  #next = 0

  /**
   * `rate` messages per `windowMs` (1 s by default); below one a window the window is stretched.
   */
  constructor(rate: number, windowMs = 1000) {
    const slots = Math.max(1, Math.floor(rate))
    // 0.5/s is one in two seconds, 2.5/s two in 0.8 s: never more than asked for.
    this.#windowMs = (windowMs * slots) / rate
    this.#ring = new Float64Array(slots).fill(Number.NEGATIVE_INFINITY)
  }

  /** How long until a send is allowed, ms; 0 = now. */
  waitMs(nowMs: number): number {
    // The slot to be overwritten next holds the oldest of the last N sends.
    const oldest = this.#ring[this.#next] ?? Number.NEGATIVE_INFINITY
    return Math.max(0, oldest + this.#windowMs - nowMs)
  }

  sent(nowMs: number): void {
    this.#ring[this.#next] = nowMs
    this.#next = (this.#next + 1) % this.#ring.length
  }
}
