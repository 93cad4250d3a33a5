// Pumps one queue: receives while there is capacity, hands over, keeps leases alive, settles in
// batches, as often as it takes. A handler that rejects (infrastructure failed) gets its envelopes
// back after a pause; one that never answers keeps them only as long as this process lives.

import assert from 'node:assert'
import { backOffMs } from '../flow/backOff.ts'
import { Batcher } from '../flow/batcher.ts'
import { untilDone } from '../flow/untilDone.ts'
import type { Delivery, Queue, QueueVerdict, Settlement } from './queue.ts'

export interface ConsumerOptions {
  queue: Queue
  name: string
  leaseMs: number
  /** How many envelopes may be received now; 0 pauses until poke(). */
  capacity: () => number
  /** One verdict per delivery, in order, once their outcome is durable. */
  handle: (deliveries: Delivery[]) => Promise<QueueVerdict[]>
  /** Hand them over singly, so that none waits for another's verdict. */
  singly?: boolean
  /** Rest between the starts of two receives, where larger batches cost less per message. */
  minIntervalMs?: number
  /** These are no longer ours; those that were `done` are gone from the queue for good. */
  onSettled?: (settlements: readonly Settlement[]) => void
  onError: (what: string, error: Error) => void
}

/** The fallback when a wake-up is lost, and how delayed envelopes are found. */
const POLL_INTERVAL_MS = 1_000
const RETRY_AFTER_FAILURE_MS = 1_000

export class Consumer {
  #options: ConsumerOptions
  #settler: Batcher<Settlement>
  #inHand = new Map<string, Delivery>()
  #stopWake: () => void
  #extender: NodeJS.Timeout
  #poll: NodeJS.Timeout | undefined
  #rest: NodeJS.Timeout | undefined
  #receiving = false
  /** False when the queue was seen empty and nothing has stirred since. */
  #mayHaveMore = true
  #mustReclaim = true
  #failures = 0
  #stopped = false
  #closing = new AbortController()
  #emptied: (() => void)[] = []

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.#settler = new Batcher({
      send: (settlements) => this.#settle(settlements),
      onError: (error) => options.onError('settling', error),
      maxItems: 500,
    })
    this.#stopWake = options.queue.onWake(options.name, () => this.#stirred())
    this.#extender = setInterval(() => this.#extend(), options.leaseMs / 3)
    this.poke()
  }

  /** Envelopes received and not settled yet. */
  get inHand(): number {
    return this.#inHand.size
  }

  /** Says that there is capacity again. */
  poke(): void {
    if (this.#stopped || this.#receiving || this.#rest || !this.#mayHaveMore) return
    const room = this.#options.capacity()
    if (room <= 0) return
    this.#receiving = true
    this.#mayHaveMore = false
    clearTimeout(this.#poll)
    this.#restAfter(this.#options.minIntervalMs ?? 0)
    this.#receive(room).then(
      (deliveries) => this.#received(deliveries, room),
      (error: Error) => this.#failed(error),
    )
  }

  #restAfter(ms: number): void {
    if (ms <= 0) return
    this.#rest = setTimeout(() => {
      this.#rest = undefined
      this.poke()
    }, ms)
  }

  /** Receives nothing more and resolves when what is in hand is settled. */
  async drain(): Promise<void> {
    this.stop()
    if (this.#inHand.size > 0) await new Promise<void>((done) => this.#emptied.push(done))
  }

  /** Receives nothing more; what is in hand is left to its lease unless it settles by itself. */
  stop(): void {
    this.#stopped = true
    this.#stopWake()
    clearTimeout(this.#poll)
    clearTimeout(this.#rest)
  }

  /** After stop(): keeps no lease alive and settles nothing. What is in hand comes again. */
  close(): void {
    this.stop()
    this.#closing.abort()
    clearInterval(this.#extender)
    this.#settler.stop()
  }

  async #receive(room: number): Promise<Delivery[]> {
    const { leaseMs, name, queue } = this.#options
    if (this.#mustReclaim) await queue.reclaim(name, [...this.#inHand.values()])
    this.#mustReclaim = false
    return queue.receive(name, room, leaseMs)
  }

  #stirred(): void {
    this.#mayHaveMore = true
    this.poke()
  }

  #received(deliveries: Delivery[], room: number): void {
    this.#receiving = false
    this.#failures = 0
    // After an outage our own lease may have run out: what is still in hand is not taken twice.
    const taken = deliveries.filter((delivery) => !this.#inHand.has(delivery.id))
    // Those are leased to us and yet nobody works on them once the old one is settled.
    if (taken.length < deliveries.length) this.#mustReclaim = true
    if (this.#options.singly) for (const delivery of taken) this.#hand([delivery])
    else if (taken.length > 0) this.#hand(taken)
    if (deliveries.length === room) {
      this.#mayHaveMore = true
      // A full batch gains nothing by resting.
      clearTimeout(this.#rest)
      this.#rest = undefined
    }
    this.#pollAfter(POLL_INTERVAL_MS)
    this.poke()
  }

  #failed(error: Error): void {
    this.#receiving = false
    // Perhaps it was received, and only the answer was lost.
    this.#mustReclaim = true
    // Said once per outage.
    if (this.#failures++ === 0) this.#options.onError(`receiving from ${this.#options.name}`, error)
    this.#pollAfter(backOffMs(this.#failures, 50, 2000))
  }

  #pollAfter(ms: number): void {
    if (this.#stopped) return
    clearTimeout(this.#poll)
    this.#poll = setTimeout(() => {
      this.#pollAfter(POLL_INTERVAL_MS)
      this.#stirred()
    }, ms)
  }

  #hand(deliveries: Delivery[]): void {
    for (const delivery of deliveries) this.#inHand.set(delivery.id, delivery)
    this.#options.handle(deliveries).then(
      (verdicts) => {
        assert.equal(verdicts.length, deliveries.length, 'one verdict per delivery')
        for (const [index, delivery] of deliveries.entries()) {
          const verdict = verdicts[index]
          assert(verdict)
          this.#settler.add({ delivery, verdict })
        }
      },
      (error: Error) => {
        this.#options.onError(`handling ${this.#options.name}`, error)
        const verdict = { kind: 'retry', delayMs: RETRY_AFTER_FAILURE_MS } as const
        for (const delivery of deliveries) this.#settler.add({ delivery, verdict })
      },
    )
  }

  async #settle(settlements: Settlement[]): Promise<void> {
    const { name, onError, queue } = this.#options
    const settled = await untilDone(() => queue.settle(settlements), {
      signal: this.#closing.signal,
      onTrouble: (error) => onError(`settling ${name}`, error),
    })
    if (!settled) return
    for (const { delivery, verdict } of settlements) {
      if (verdict.kind !== 'dead') continue
      onError(`set aside from ${delivery.queue}`, new Error(verdict.reason))
    }
    this.#options.onSettled?.(settlements)
    for (const { delivery } of settlements) this.#inHand.delete(delivery.id)
    if (this.#inHand.size === 0) for (const emptied of this.#emptied.splice(0)) emptied()
    this.poke()
  }

  #extend(): void {
    if (this.#inHand.size === 0) return
    this.#options.queue
      .extend([...this.#inHand.values()], this.#options.leaseMs)
      .catch((error: Error) => this.#options.onError('extending leases', error))
  }
}
