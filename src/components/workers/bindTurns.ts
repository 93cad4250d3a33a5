interface WaitingBind {
  /**
   * Returns the ms until the bind may send. The result is 0 if the bind may send now, and Infinity
   * if it cannot send before its state changes.
   */
  waitMs(nowMs: number): number
}

/** Chooses the bind for each message, so that the binds of a connector send in turn. */
export class BindTurns {
  #next = 0

  /**
   * Returns the next bind that may send now. If no bind may send yet, returns the ms until the
   * first bind may send. Reserved binds are skipped.
   */
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
