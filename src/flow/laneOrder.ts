/**
 * Decides from which lane the next item is taken. The most urgent lane with items goes first, but
 * no lane starves: a lane with items is served at least once in `servedWithin` picks.
 *
 * For example, with three lanes that all have items and `servedWithin` 16, the second lane gets one
 * pick in 15, the third lane one pick in 16, and the first lane all others. Each lane is due one
 * pick earlier than the lane below it, so that lanes that are due together are all served in time.
 * A lane that is the only one with items gets all picks. A lane that has just been served, for
 * whatever reason, starts counting from zero.
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
