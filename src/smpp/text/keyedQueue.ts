interface Link<V> {
  readonly key: string
  readonly value: V
  before: Link<V> | undefined
  after: Link<V> | undefined
}

/**
 * A map whose first entry can be read quickly. Entries are in insertion order. A Map has the same
 * order, but its iterator must skip all deleted entries at the front. Finding the first entry took
 * 31 µs in a Map of 300,000 entries, and 2.7 µs in a Map of 7,000.
 */
export class KeyedQueue<V> {
  readonly #links = new Map<string, Link<V>>()
  #first: Link<V> | undefined
  #last: Link<V> | undefined

  get size(): number {
    return this.#links.size
  }

  /** The oldest value; undefined if the queue is empty. */
  get first(): V | undefined {
    return this.#first?.value
  }

  get(key: string): V | undefined {
    return this.#links.get(key)?.value
  }

  /** Adds a value at the end. The key must be new. */
  push(key: string, value: V): void {
    const link: Link<V> = { key, value, before: this.#last, after: undefined }
    if (this.#last) this.#last.after = link
    else this.#first = link
    this.#last = link
    this.#links.set(key, link)
  }

  /** Deletes the value with this key. Returns false if the key does not exist. */
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
