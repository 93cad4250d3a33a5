export interface Harmful<Item> {
  item: Item
  error: Error
}

/**
 * Applies all items at once if that works. Where it does harm, the items are halved, again and
 * again, until each harmful one is alone; all others are applied. Answers the harmful ones.
 *
 * @param apply answers the error if these items do harm, and throws whatever else goes wrong
 */
export async function isolateHarm<Item>(
  items: readonly Item[],
  apply: (items: readonly Item[]) => Promise<Error | undefined>,
): Promise<Harmful<Item>[]> {
  if (items.length === 0) return []
  const error = await apply(items)
  if (!error) return []
  if (items.length === 1) return items.map((item) => ({ item, error }))
  const half = Math.ceil(items.length / 2)
  return [
    ...(await isolateHarm(items.slice(0, half), apply)),
    ...(await isolateHarm(items.slice(half), apply)),
  ]
}
