// Batches that form by themselves. The first item leaves at the end of the current turn. While
// `concurrency` requests are under way, arriving items are gathered and leave as the next request.
// A single item at night is not delayed, and ten thousand a second leave hundreds at a time. The
// batcher neither retries nor drops: `send` owns its items and decides the fate of each.

import { asError } from './asError.ts'

export interface BatcherOptions<Item> {
  /** Takes over the items and must settle. A rejection is a defect and goes to `onError`. */
  send: (items: Item[]) => Promise<void>
  onError: (error: Error) => void
  maxItems: number
  /** Measures items for `maxOctets`: a request ends before the item that would exceed it. */
  octetsOf?: (item: Item) => number
  maxOctets?: number
  /** Requests under way at once. */
  concurrency?: number
  /** The rest between the starts of two requests, where requests cost money. */
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

  /** Items not yet handed to `send`. */
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

  /** Resolves when nothing waits and nothing is under way. */
  whenIdle(): Promise<void> {
    if (this.idle) return Promise.resolve()
    return new Promise((resolve) => this.#idleListeners.push(resolve))
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay >= this.#options.concurrency) return
    this.#scheduled = true
    const restMs = this.#lastStartMs + this.#options.minIntervalMs - this.#options.now()
    if (restMs > 0) this.#timer = setTimeout(() => this.#start(), restMs)
    // At the end of the turn, so that all items of one socket read share a request.
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
      octets += octetsOf(waiting[count] as Item) // count is below the length
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

  /** Ends a rest between requests. Waiting items stay where they are. */
  stop(): void {
    clearTimeout(this.#timer)
  }
}
