import { Pacer } from '../../flow/pacer.ts'

/** The pace at which this process may submit over all its binds of one connector together. */
export class ConnectorPace {
  #pacer = new Pacer()
  #written: NodeJS.Immediate | undefined

  /** Messages a second that may be submitted. */
  get rate(): number {
    return this.#pacer.rateAt(performance.now())
  }

  /** False if nothing may be submitted until a lease grants more pace. */
  get isOpen(): boolean {
    return this.#pacer.isOpen
  }

  /**
   * Sets the pace. A higher pace takes effect one second later, when the submits of the process
   * that held this pace before no longer count.
   *
   * @param rate messages a second
   * @param connector the connector, whose burst is shared between processes like its pace
   */
  set(rate: number, { burst, tps }: { burst: number; tps: number }): void {
    const share = Math.max(1, Math.floor((burst * rate) / tps))
    this.#pacer.setRate(rate, share, performance.now())
  }

  waitMs(nowMs: number): number {
    return this.#pacer.waitMs(nowMs)
  }

  /**
   * Counts a submit and returns its number, for answered(). Sessions write to their sockets in an
   * immediate at the end of the turn (smpp/session/pduWriter.ts). The immediate set here runs after
   * that one, so the pacer learns the time of the actual write.
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
