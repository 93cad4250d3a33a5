export interface SliceLimits {
  readonly items: number
  readonly octets: number
}

/**
 * Cuts items into slices within the limits, in order. An item that is larger than the limit of
 * octets gets its own slice.
 */
export function slicesWithin<Item>(
  items: readonly Item[],
  limits: SliceLimits,
  octetsOf: (item: Item) => number,
): Item[][] {
  const slices: Item[][] = []
  let slice: Item[] = []
  let total = 0
  for (const item of items) {
    const octets = octetsOf(item)
    const isFull = slice.length >= limits.items || total + octets > limits.octets
    if (slice.length === 0 || isFull) {
      slices.push((slice = []))
      total = 0
    }
    slice.push(item)
    total += octets
  }
  return slices
}
