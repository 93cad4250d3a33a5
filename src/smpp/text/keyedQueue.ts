interface Link<V> {
  readonly key: string
  readonly value: V
  before: Link<V> | undefined
  after: Link<V> | undefined
}

/**
 * Values by key, in the order they came. A Map has that order, too, but its iterator walks over all
 * that was deleted in front: asking one of 300,000 for its first took 31 µs, of 7,000 2.7 µs.
 */
export class KeyedQueue<V> {
  readonly #links = new Map<string, Link<V>>()
  #first: Link<V> | undefined
  #last: Link<V> | undefined

  get size(): number {
    return this.#links.size
  }

  /** The one that came before all others. */
  get first(): V | undefined {
    return this.#first?.value
  }

  get(key: string): V | undefined {
    return this.#links.get(key)?.value
  }

  /** At the end; the key must be new. */
  push(key: string, value: V): void {
    const link: Link<V> = { key, value, before: this.#last, after: undefined }
    if (this.#last) this.#last.after = link
    else this.#first = link
    this.#last = link
    this.#links.set(key, link)
  }

  /** False when there is none of that key. */
  delete(key: string): boolean {
    const link = this.#links.get(key)
    if (!link) return false
    const { before, after } = link
    if (before) before.after = after
    else this.#first = after
    if (after) after.before = before
    else this.#last = before
    return this.#links.delete(key)
  }
}
