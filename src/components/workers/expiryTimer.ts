/** Messages that expire within this time are handled together. */
const REST_MS = 20
/** The longest wait, because expiry follows the wall clock, which may be set at any time. */
const LOOK_AGAIN_MS = 10_000

/** Calls a function when the first of many messages may have expired. */
export class ExpiryTimer {
  #expire: (nowMs: number) => number
  #firstMs = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  /** @param expire expires messages and returns when the next one expires, or Infinity for never */
  constructor(expire: (nowMs: number) => number) {
    this.#expire = expire
  }

  /**
   * Adds the expiry time of a message. This costs only a comparison, unless the time is the
   * earliest so far.
   */
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
