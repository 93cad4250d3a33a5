import { Pacer } from '../../flow/pacer.ts'

/** The pace of one connector in this process, over all its binds. */
export class ConnectorPace {
  #pacer = new Pacer()
  #written: NodeJS.Immediate | undefined

  /** Messages a second that may be submitted. */
  get rate(): number {
    return this.#pacer.rateAt(performance.now())
  }

  /** False while nothing may be submitted before another lease. */
  get isOpen(): boolean {
    return this.#pacer.isOpen
  }

  /**
   * A higher pace is used one second later, when nobody else's submits count for it any more.
   *
   * @param connector its burst is shared between processes like its pace
   */
  set(rate: number, { burst, tps }: { burst: number; tps: number }): void {
    const share = Math.max(1, Math.floor((burst * rate) / tps))
    this.#pacer.setRate(rate, share, performance.now())
  }

  waitMs(nowMs: number): number {
    return this.#pacer.waitMs(nowMs)
  }

  /**
   * Returns the number of the submit, for answered(). Sessions write to their sockets at the end of
   * the turn (smpp/session/pduWriter.ts). The immediate set here runs after theirs, so the pacer
   * learns the time of the write itself.
   */
  sent(): number {
    this.#written ??= setImmediate(() => {
      this.#written = undefined
      this.#pacer.written(performance.now())
    })
    return this.#pacer.sent(performance.now())
  }

  answered(send: number): void {
    this.#pacer.answered(send, performance.now())
  }

  stop(): void {
    clearImmediate(this.#written)
  }
}
