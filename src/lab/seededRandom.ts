/**
 * Returns a generator of numbers in [0, 1) (mulberry32). The same seed gives the same numbers, so a
 * run with errors, throttling and drops can be repeated. The numbers are not suitable for secrets.
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

/** A range of durations. Durations are distributed evenly, or fixed if both limits are equal. */
export interface Spread {
  readonly minMs: number
  readonly maxMs: number
}

export function pickMs({ minMs, maxMs }: Spread, random: () => number): number {
  return minMs === maxMs ? minMs : minMs + random() * (maxMs - minMs)
}
