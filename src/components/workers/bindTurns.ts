interface WaitingBind {
  /** The time in ms until the bind may send: 0 for now, Infinity until its state changes. */
  waitMs(nowMs: number): number
}

/** Lets the binds of a connector send in turn. */
export class BindTurns {
  #next = 0

  /** The next unreserved bind that may send now, or the time in ms until the first of them may. */
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
