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
   * Sets the pace. A higher pace takes effect one second later. Until then, the SMSC may still
   * count submissions of the process that held the pace before.
   *
   * @param rate messages a second
   * @param connector the connector, whose burst is divided among the processes like its pace
   */
  set(rate: number, { burst, tps }: { burst: number; tps: number }): void {
    const share = Math.max(1, Math.floor((burst * rate) / tps))
    this.#pacer.setRate(rate, share, performance.now())
  }

  waitMs(nowMs: number): number {
    return this.#pacer.waitMs(nowMs)
  }

  /**
   * Counts a submission and returns its number, which the caller passes to answered(). Sessions
   * write to their sockets in a setImmediate() callback at the end of the current iteration of the
   * event loop (smpp/session/pduWriter.ts). The callback that is set here runs after the write, so
   * the pacer learns the time of the actual write.
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
