/**
 * Counts durations in buckets that grow with the value. Buckets are 1 µs wide below 64 µs. Above
 * that, each doubling has 64 buckets. A percentile is the upper edge of its bucket, so it is never
 * too low and at most 1.6 % too high. This holds from 1 µs to 35 minutes. Longer durations are
 * counted in the last bucket, but the maximum is exact. The counts take 16 KiB, and recording
 * allocates no memory.
 */
const STEPS = 64
const OCTAVES = 32

export class Histogram {
  readonly #counts = new Float64Array(STEPS * OCTAVES)
  #count = 0
  #sumUs = 0
  #maxUs = 0
  #minUs = Number.POSITIVE_INFINITY

  recordMs(ms: number): void {
    const us = Math.max(0, ms * 1_000)
    const bucket = bucketOf(us)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#count += 1
    this.#sumUs += us
    if (us > this.#maxUs) this.#maxUs = us
    if (us < this.#minUs) this.#minUs = us
  }

  get count(): number {
    return this.#count
  }

  /** Returns a percentile in ms, such as p99 for a `share` of 0.99; 0 if nothing was recorded. */
  percentileMs(share: number): number {
    let left = Math.max(1, Math.ceil(share * this.#count))
    for (const [bucket, count] of this.#counts.entries()) {
      left -= count
      if (left <= 0) return Math.min(upperEdgeUs(bucket), this.#maxUs) / 1_000
    }
    return 0
  }

  summary(): LatencySummary {
    return {
      count: this.#count,
      meanMs: this.#count === 0 ? 0 : this.#sumUs / this.#count / 1_000,
      minMs: this.#count === 0 ? 0 : this.#minUs / 1_000,
      p50Ms: this.percentileMs(0.5),
      p90Ms: this.percentileMs(0.9),
      p99Ms: this.percentileMs(0.99),
      p999Ms: this.percentileMs(0.999),
      maxMs: this.#maxUs / 1_000,
    }
  }
}

export interface LatencySummary {
  readonly count: number
  readonly meanMs: number
  readonly minMs: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
}

// The first STEPS buckets are 1 µs wide. After that, each doubling has STEPS buckets.
function bucketOf(us: number): number {
  if (us < STEPS) return Math.floor(us)
  const octave = 31 - Math.clz32(Math.min(us, 0x7fffffff) / STEPS)
  const step = Math.floor(Math.min(us, 0x7fffffff) / 2 ** octave) - STEPS
  return STEPS * (octave + 1) + step
}

function upperEdgeUs(bucket: number): number {
  if (bucket < STEPS) return bucket + 1
  const octave = Math.floor(bucket / STEPS) - 1
  return (STEPS + (bucket % STEPS) + 1) * 2 ** octave
}
