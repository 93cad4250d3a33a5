// Consumes one queue. A consumer receives envelopes while there is capacity, passes them to a
// handler and extends their leases until they are settled. It settles envelopes in batches and
// retries a failed settlement until it succeeds. If the handler rejects because the infrastructure
// failed, its envelopes are returned to the queue and received again after a pause. If the handler
// never settles its promise, the envelopes remain leased until this process ends.

import assert from 'node:assert'
import { Batcher } from '../flow/batcher.ts'
import { untilDone } from '../flow/untilDone.ts'
import { reasonText } from '../message/reasonText.ts'
import type { Queue, QueueEntry, SettledEntry, Settlement, Subscription } from './queue.ts'

export interface ConsumerOptions {
  queue: Queue
  name: string
  leaseMs: number
  /**
   * Returns how many envelopes may be received now. If it returns 0, call wake() as soon as there
   * is capacity again.
   */
  capacity: () => number
  /**
   * A receive stops after the envelope that brings its total to this many octets. Default: no
   * limit.
   */
  maxOctets?: number
  /** Resolves with one settlement per entry, in order, when every outcome is durable. */
  handle: (entries: readonly QueueEntry[]) => Promise<Settlement[]>
  /** Calls `handle` once per envelope, so that no envelope waits for another to be handled. */
  singly?: boolean
  /** The interval at which the queue is polled even without a wake-up. Default: 1 s. */
  pollIntervalMs?: number
  /**
   * The minimum time between the starts of two receives, for queues where larger batches cost less
   * per message. Default: 0.
   */
  minIntervalMs?: number
  /**
   * The minimum time between two requests with settlements, for queues where requests cost money.
   * Default: 0.
   */
  settleIntervalMs?: number
  /** Called after the queue has settled these envelopes, which this process no longer owns. */
  onSettled?: (settled: readonly SettledEntry[]) => void
  onError: (what: string, error: Error) => void
}

/** Polling finds envelopes whose wake-up was lost and envelopes that were returned with a delay. */
const POLL_INTERVAL_MS = 1_000
const RETRY_AFTER_FAILURE_MS = 1_000

export class Consumer {
  #options: ConsumerOptions
  #subscription: Subscription
  #settler: Batcher<SettledEntry>
  #extender: NodeJS.Timeout
  #closing = new AbortController()

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.#subscription = this.#subscribe()
    this.#settler = new Batcher({
      send: (settled) => this.#settle(settled),
      onError: (error) => options.onError('settling envelopes failed', error),
      maxItems: 500,
      minIntervalMs: options.settleIntervalMs ?? 0,
    })
    this.#extender = setInterval(() => this.#extend(), options.leaseMs / 3)
    this.wake()
  }

  /** Tells the consumer that there may be capacity again. */
  wake(): void {
    this.#subscription.wake()
  }

  /** Stops receiving, and resolves when all received envelopes are settled. */
  async drain(): Promise<void> {
    await this.#subscription.drain()
  }

  /** Stops receiving. Envelopes in progress can still be settled. */
  stop(): void {
    this.#subscription.stop()
  }

  /**
   * Stops receiving, extending leases and settling. Envelopes in progress become visible again when
   * their leases run out.
   */
  close(): void {
    this.stop()
    this.#closing.abort()
    clearInterval(this.#extender)
    this.#settler.stop()
  }

  #subscribe(): Subscription {
    const { capacity, leaseMs, maxOctets, name, onError, queue, singly } = this.#options
    return queue.subscribe(name, {
      leaseMs,
      capacity,
      ...(maxOctets !== undefined && { maxOctets }),
      pollIntervalMs: this.#options.pollIntervalMs ?? POLL_INTERVAL_MS,
      minIntervalMs: this.#options.minIntervalMs ?? 0,
      take: (entries) => {
        if (singly) for (const entry of entries) this.#hand([entry])
        else this.#hand(entries)
      },
      onTrouble: (error) => onError(`receiving from ${name} failed`, error),
    })
  }

  #hand(entries: readonly QueueEntry[]): void {
    this.#options.handle(entries).then(
      (settlements) => {
        assert.equal(settlements.length, entries.length, 'one settlement per entry')
        for (const [index, entry] of entries.entries()) {
          const settlement = settlements[index]
          assert(settlement)
          this.#settler.add({ entry, settlement: storable(settlement) })
        }
      },
      (error: Error) => {
        this.#options.onError(`handling envelopes of ${this.#options.name} failed`, error)
        const settlement = { kind: 'retry', delayMs: RETRY_AFTER_FAILURE_MS } as const
        for (const entry of entries) this.#settler.add({ entry, settlement })
      },
    )
  }

  async #settle(settled: SettledEntry[]): Promise<void> {
    const { name, onError, onSettled, queue } = this.#options
    const isSettled = await untilDone(() => queue.settle(settled), {
      signal: this.#closing.signal,
      onTrouble: (error) => onError(`settling envelopes of ${name} failed`, error),
    })
    if (!isSettled) return
    for (const { entry, settlement } of settled) {
      if (settlement.kind !== 'dead') continue
      const reason = Object.assign(new Error(settlement.reason), { code: 'SET_ASIDE' })
      onError(`an envelope of ${entry.queue} was set aside`, reason)
    }
    onSettled?.(settled)
    this.#subscription.letGo(settled.map(({ entry }) => entry))
    this.wake()
  }

  #extend(): void {
    const { inHand } = this.#subscription
    if (inHand.length === 0) return
    this.#options.queue
      .extend(inHand, this.#options.leaseMs)
      .catch((error: Error) => this.#options.onError('extending leases failed', error))
  }
}

/**
 * Replaces characters that the database would refuse in the reason of a dead letter. The reason may
 * quote a malformed message, and a refused settlement would block all later settlements.
 */
function storable(settlement: Settlement): Settlement {
  if (settlement.kind !== 'dead') return settlement
  return { kind: 'dead', reason: reasonText(settlement.reason) }
}
