/**
 * A generator of numbers in [0, 1) that are the same for the same seed (mulberry32), so that a run
 * with errors, throttling and drops can be repeated. Not suitable for secrets.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A range of durations, which are evenly distributed, or fixed if min = max. */
export interface Spread {
  readonly minMs: number
  readonly maxMs: number
}

export function pickMs({ minMs, maxMs }: Spread, random: () => number): number {
  return minMs === maxMs ? minMs : minMs + random() * (maxMs - minMs)
}
