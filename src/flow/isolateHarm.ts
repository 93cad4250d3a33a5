/** An item that cannot be applied, with the error that it causes. */
export interface Harmful<Item> {
  item: Item
  error: Error
}

/**
 * Applies all items together. If that fails because of the items, each half is applied separately.
 * A half that fails is divided again, until each item that causes a failure is alone. All other
 * items are applied. Returns the items that cannot be applied, with their errors.
 *
 * @param apply returns the error if the items are its cause, and throws all other errors
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
