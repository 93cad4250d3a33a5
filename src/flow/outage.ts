// An outage is a period of repeated failures, for example because a carrier or the database is
// unavailable. It is reported once at its start, once per interval while it continues, and once at
// its end, however many attempts fail. All times are monotonic milliseconds that the caller passes
// in.

export type OutageNews =
  | { readonly kind: 'began'; readonly reason: string }
  /** The outage continues. `failures` is the number of failures since the last report. */
  | { readonly kind: 'lasts'; failures: number; lastedMs: number; readonly reason: string }
  /** The outage has ended. `failures` is the number of failures in the whole outage. */
  | { readonly kind: 'ended'; failures: number; lastedMs: number }

export interface OutageTimes {
  /** The interval between reports while the outage continues. */
  readonly everyMs: number
  /** The outage ends when, after a success, this time has passed without another failure. */
  readonly settleMs: number
}

interface Running {
  readonly beganAtMs: number
  /** The time of the last report. */
  toldAtMs: number
  failures: number
  /** The number of failures after the last report. */
  untold: number
  reason: string
  /** The time of the first success after the last failure; undefined if there was no success. */
  recoveredAtMs: number | undefined
}

export class Outage {
  readonly #times: OutageTimes
  #running: Running | undefined

  constructor(times: OutageTimes) {
    this.#times = times
  }

  get isOn(): boolean {
    return this.#running !== undefined
  }

  /** Call when an attempt has failed. Returns a report if the outage begins with this failure. */
  failed(nowMs: number, reason: string): OutageNews | undefined {
    const running = this.#running
    if (running) {
      running.failures++
      running.untold++
      running.reason = reason
      running.recoveredAtMs = undefined
      return undefined
    }
    this.#running = {
      beganAtMs: nowMs,
      toldAtMs: nowMs,
      failures: 1,
      untold: 0,
      reason,
      recoveredAtMs: undefined,
    }
    return { kind: 'began', reason }
  }

  /** Call when an attempt has succeeded. A later tick() reports the end of the outage. */
  recovered(nowMs: number): void {
    if (this.#running) this.#running.recoveredAtMs ??= nowMs
  }

  /** Call about once a second. Returns a report if one is due. */
  tick(nowMs: number): OutageNews | undefined {
    const running = this.#running
    if (!running) return undefined
    const { beganAtMs, failures, reason, recoveredAtMs, untold } = running
    if (recoveredAtMs !== undefined && nowMs - recoveredAtMs >= this.#times.settleMs) {
      this.#running = undefined
      return { kind: 'ended', failures, lastedMs: recoveredAtMs - beganAtMs }
    }
    if (nowMs - running.toldAtMs < this.#times.everyMs) return undefined
    running.toldAtMs = nowMs
    running.untold = 0
    return { kind: 'lasts', failures: untold, lastedMs: nowMs - beganAtMs, reason }
  }
}
