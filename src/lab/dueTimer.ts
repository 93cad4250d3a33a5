import { DueQueue } from './dueQueue.ts'

const ITEMS_A_TURN = 2_000

/**
 * A DueQueue with a timer, which passes due items to `onDue`. A long list of items is split over
 * several iterations of the event loop.
 */
export class DueTimer<T> {
  readonly #queue: DueQueue<T>
  readonly #onDue: (items: T[]) => void
  #timer: NodeJS.Timeout | undefined
  #timerAtMs = Number.POSITIVE_INFINITY
  #closed = false

  constructor(granularityMs: number, onDue: (items: T[]) => void) {
    this.#queue = new DueQueue(granularityMs)
    this.#onDue = onDue
  }

  get size(): number {
    return this.#queue.size
  }

  add(delayMs: number, item: T): void {
    if (this.#closed) return
    this.#queue.add(performance.now() + delayMs, item)
    this.#arm()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #arm(): void {
    const nextAtMs = this.#queue.nextAtMs
    if (this.#closed || nextAtMs === undefined || nextAtMs >= this.#timerAtMs) return
    clearTimeout(this.#timer)
    this.#timerAtMs = nextAtMs
    this.#timer = setTimeout(this.#turn, Math.max(1, nextAtMs - performance.now()))
  }

  readonly #turn = (): void => {
    this.#timerAtMs = Number.POSITIVE_INFINITY
    const items = this.#queue.takeDue(performance.now(), ITEMS_A_TURN)
    if (items.length > 0) this.#onDue(items)
    this.#arm()
  }
}
