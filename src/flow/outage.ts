// Something that fails again and again, such as a carrier or a database that is away. It is worth
// one report at its start, one per interval while it lasts, and one at its end, however many
// attempts fail in between. Time is a parameter, in monotonic milliseconds.

export type OutageNews =
  | { readonly kind: 'began'; readonly reason: string }
  /** `failures` counts those since the last news. */
  | { readonly kind: 'lasts'; failures: number; lastedMs: number; readonly reason: string }
  /** `failures` counts all of them. */
  | { readonly kind: 'ended'; failures: number; lastedMs: number }

export interface OutageTimes {
  /** From one report to the next while it lasts. */
  readonly everyMs: number
  /** An outage is over if nothing failed for this time after something succeeded. */
  readonly settleMs: number
}

interface Running {
  readonly beganAtMs: number
  toldAtMs: number
  failures: number
  untold: number
  reason: string
  /** The time of the last success, if nothing has failed since. */
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

  /** An attempt failed. Returns the news if it is the first one. */
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

  /** An attempt succeeded. tick() tells of the end when nothing fails any more. */
  recovered(nowMs: number): void {
    if (this.#running) this.#running.recoveredAtMs ??= nowMs
  }

  /** Called about once a second. */
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
