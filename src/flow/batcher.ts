// Collects items into batches without a fixed delay. The first item is sent as soon as the current
// callback of the event loop has returned. While the maximum number of requests is in progress,
// arriving items are collected, and they are sent together in the next request. With little
// traffic, each item is sent alone and without delay. At ten thousand items a second, a request
// contains hundreds of items. The batcher itself neither retries nor discards items. If a request
// fails, `send` decides what happens to its items.

import { asError } from './asError.ts'

export interface BatcherOptions<Item> {
  /** Sends the items. The returned promise must settle. If it rejects, onError() is called. */
  send: (items: Item[]) => Promise<void>
  onError: (error: Error) => void
  maxItems: number
  /** The size of an item in octets, which counts towards `maxOctets`. */
  octetsOf?: (item: Item) => number
  /** The maximum size of a request in octets. An item that is larger than this is sent alone. */
  maxOctets?: number
  /** The number of requests that may be in progress at the same time. */
  concurrency?: number
  /** The minimum time between the starts of two requests. Set it if each request costs money. */
  minIntervalMs?: number
  now?: () => number
}

export class Batcher<Item> {
  #options: Required<BatcherOptions<Item>>
  #waiting: Item[] = []
  #underWay = 0
  #scheduled = false
  #timer: NodeJS.Timeout | undefined
  #lastStartMs = Number.NEGATIVE_INFINITY
  #idleListeners: (() => void)[] = []

  constructor(options: BatcherOptions<Item>) {
    this.#options = {
      concurrency: 1,
      minIntervalMs: 0,
      now: () => performance.now(),
      octetsOf: () => 0,
      maxOctets: Number.POSITIVE_INFINITY,
      ...options,
    }
  }

  /** The number of items that have not been passed to `send`. */
  get waiting(): number {
    return this.#waiting.length
  }

  get idle(): boolean {
    return this.#waiting.length === 0 && this.#underWay === 0
  }

  add(item: Item): void {
    this.#waiting.push(item)
    this.#schedule()
  }

  /** Resolves when no item is waiting and no request is in progress. */
  whenIdle(): Promise<void> {
    if (this.idle) return Promise.resolve()
    return new Promise((resolve) => this.#idleListeners.push(resolve))
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay >= this.#options.concurrency) return
    this.#scheduled = true
    const restMs = this.#lastStartMs + this.#options.minIntervalMs - this.#options.now()
    if (restMs > 0) this.#timer = setTimeout(() => this.#start(), restMs)
    // Runs after the current callback, so that all items from one read of a socket share a request.
    else process.nextTick(() => this.#start())
  }

  #start(): void {
    this.#scheduled = false
    if (this.#waiting.length === 0) return
    const { onError, send } = this.#options
    const items = this.#take()
    this.#underWay++
    this.#lastStartMs = this.#options.now()
    send(items)
      .catch((error: unknown) => onError(asError(error)))
      .finally(() => this.#finished())
      .catch(onError)
    if (this.#waiting.length > 0) this.#schedule()
  }

  #take(): Item[] {
    const { maxItems, maxOctets, octetsOf } = this.#options
    const waiting = this.#waiting
    let count = 0
    for (let octets = 0; count < waiting.length && count < maxItems; count++) {
      octets += octetsOf(waiting[count] as Item) // `count` is below the length.
      if (octets > maxOctets && count > 0) break
    }
    this.#waiting = count === waiting.length ? [] : waiting.slice(count)
    return count === waiting.length ? waiting : waiting.slice(0, count)
  }

  #finished(): void {
    this.#underWay--
    if (this.#waiting.length > 0) return this.#schedule()
    if (!this.idle) return
    const listeners = this.#idleListeners
    this.#idleListeners = []
    for (const listener of listeners) listener()
  }

  /** Cancels the timer for the next request. Waiting items are neither sent nor discarded. */
  stop(): void {
    clearTimeout(this.#timer)
  }
}
