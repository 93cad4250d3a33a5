/**
 * Decides from which lane the next item is taken. The most urgent lane with items goes first, but
 * no lane starves: a lane with items is served at least once in `servedWithin` picks.
 *
 * For example, suppose that `servedWithin` is 16 and that there are three lanes, all with items.
 * The second lane gets one pick in 15, the third lane gets one pick in 16, and the first lane gets
 * all other picks. If only one lane has items, it gets all picks.
 *
 * For each lane, the successive picks from other lanes are counted, and the lane falls due when the
 * count reaches a limit. Whenever a lane is served, its count starts again from zero. The limit of
 * each lane is one pick lower than the limit of the lane below it. Therefore, even if several lanes
 * are due at the same time, each is served in time.
 */
export class LaneOrder {
  #servedWithin: number
  /** For each lane, the number of successive picks from other lanes while this lane had items. */
  #passedOver: number[]

  constructor(lanes: number, servedWithin: number) {
    this.#servedWithin = servedWithin
    this.#passedOver = Array.from({ length: lanes }, () => 0)
  }

  /** The index of the lane to take from, or undefined if all lanes are empty. */
  next(lanes: readonly { readonly size: number }[]): number | undefined {
    let first: number | undefined
    let due: number | undefined
    for (let lane = 0; lane < this.#passedOver.length; lane++) {
      if (!lanes[lane]?.size) {
        this.#passedOver[lane] = 0
        continue
      }
      first ??= lane
      if (this.#isDue(lane) && (due === undefined || this.#passes(lane) > this.#passes(due)))
        due = lane
    }
    const chosen = due ?? first
    if (chosen !== undefined) this.#picked(chosen, lanes)
    return chosen
  }

  #isDue(lane: number): boolean {
    return this.#passes(lane) >= this.#servedWithin - (this.#passedOver.length - lane)
  }

  #passes(lane: number): number {
    return this.#passedOver[lane] ?? 0
  }

  #picked(chosen: number, lanes: readonly { readonly size: number }[]): void {
    for (let lane = 0; lane < this.#passedOver.length; lane++)
      this.#passedOver[lane] = lane === chosen || !lanes[lane]?.size ? 0 : this.#passes(lane) + 1
  }
}
