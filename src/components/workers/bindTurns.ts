interface WaitingBind {
  /** The time until it may send: 0 for now, Infinity if something must happen first. */
  waitMs(nowMs: number): number
}

/** The binds of a connector take turns. */
export class BindTurns {
  #next = 0

  /** The next bind that may send now and is not reserved, or the time until one may, in ms. */
  next<Bind extends WaitingBind>(
    binds: readonly Bind[],
    nowMs: number,
    isReserved: (bind: Bind) => boolean,
  ): Bind | number {
    let soonestMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < binds.length; i++) {
      const bind = binds[(this.#next + i) % binds.length]
      if (!bind || isReserved(bind)) continue
      const waitMs = bind.waitMs(nowMs)
      if (waitMs <= 0) {
        this.#next = (this.#next + i + 1) % binds.length
        return bind
      }
      soonestMs = Math.min(soonestMs, waitMs)
    }
    return soonestMs
  }
}
