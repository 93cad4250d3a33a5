/**
 * Decides from which lane the next item is taken. The most urgent lane that has items goes first,
 * but no lane starves: one that has items is served at least once in `servedWithin` picks.
 *
 * With three lanes, 16 picks and items in all of them, the second lane gets one pick in 15, the
 * third one in 16, and the first lane all others. A lane is due earlier by one pick for each lane
 * below it, so that lanes which are due together are all in time. A lane that is alone gets all
 * picks, and a lane that was served because nothing urgent waited is not owed anything.
 */
export class LaneOrder {
  #servedWithin: number
  /** Per lane, the picks in a row that went to others while it had items. */
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
