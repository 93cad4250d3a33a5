import { DueQueue } from './dueQueue.ts'

const ITEMS_A_TURN = 2_000

/** A DueQueue with one timer that hands out due items. A long list is split over several turns. */
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
