/** Ends that come close together are handled together. */
const REST_MS = 20
/** Ends are times of the calendar, and the clock may be set while a timer runs. */
const LOOK_AGAIN_MS = 10_000

/** Comes back when the first of many messages may have reached the end of its life. */
export class ExpiryTimer {
  #expire: (nowMs: number) => number
  #firstMs = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  /** @param expire expires what is over, and answers when the next end comes; Infinity for never */
  constructor(expire: (nowMs: number) => number) {
    this.#expire = expire
  }

  /** A message that ends then must be looked at. It costs a comparison unless it is the first. */
  notice(expiresAtMs: number | undefined): void {
    if (expiresAtMs === undefined || expiresAtMs >= this.#firstMs) return
    this.#firstMs = expiresAtMs
    const waitMs = Math.min(Math.max(expiresAtMs - Date.now(), REST_MS), LOOK_AGAIN_MS)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), waitMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#firstMs = Number.POSITIVE_INFINITY
  }

  #look(): void {
    this.#firstMs = Number.POSITIVE_INFINITY
    this.notice(this.#expire(Date.now()))
  }
}
