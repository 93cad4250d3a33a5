/**
 * Counts values in fixed buckets. A call of observe() takes a few nanoseconds and allocates no
 * memory, so it is cheap enough for every message.
 */
export class Histogram {
  readonly bounds: readonly number[]
  /** The number of values in each bucket. The last bucket is for the values above all bounds. */
  readonly counts: Float64Array
  #sum = 0

  /** @param bounds the highest value of each bucket, ascending */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  get sum(): number {
    return this.#sum
  }

  /** Negative values, which can result from two clocks that differ slightly, count as 0. */
  observe(value: number): void {
    const known = value > 0 ? value : 0
    let bucket = 0
    while (bucket < this.bounds.length && known > (this.bounds[bucket] ?? 0)) bucket++
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.#sum += known
  }

  /** Adds the observations of another histogram with the same bounds. */
  add(other: Histogram): void {
    for (const [bucket, count] of other.counts.entries())
      this.counts[bucket] = (this.counts[bucket] ?? 0) + count
    this.#sum += other.sum
  }
}
