// Works off one queue: receives while there is capacity, hands envelopes over, keeps their leases
// alive, and settles them in batches, trying until the queue has taken the settlements. A handler
// that rejects (the infrastructure failed) gets its envelopes again after a pause. A handler that
// never answers keeps its envelopes only as long as this process lives.

import assert from 'node:assert'
import { Batcher } from '../flow/batcher.ts'
import { untilDone } from '../flow/untilDone.ts'
import { reasonText } from '../message/reasonText.ts'
import type { Queue, QueueEntry, SettledEntry, Settlement, Subscription } from './queue.ts'

export interface ConsumerOptions {
  queue: Queue
  name: string
  leaseMs: number
  /** How many envelopes may be received now. After 0, wake() asks again. */
  capacity: () => number
  /** A receive ends with the envelope that reaches this sum of octets; unlimited by default. */
  maxOctets?: number
  /** Answers one settlement per entry, in order, once the outcome of each is durable. */
  handle: (entries: readonly QueueEntry[]) => Promise<Settlement[]>
  /** Hands envelopes over one by one, so that none waits for another's settlement. */
  singly?: boolean
  /** How often the queue is looked at without a wake-up; 1 s by default. */
  pollIntervalMs?: number
  /** The rest between the starts of two receives, where larger batches cost less per message. */
  minIntervalMs?: number
  /** Called once the queue has settled them: these envelopes are no longer ours. */
  onSettled?: (settled: readonly SettledEntry[]) => void
  onError: (what: string, error: Error) => void
}

/** A poll finds envelopes whose wake-up was lost, and those that were returned with a delay. */
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
      onError: (error) => options.onError('settling', error),
      maxItems: 500,
    })
    this.#extender = setInterval(() => this.#extend(), options.leaseMs / 3)
    this.wake()
  }

  /** There may be capacity again. */
  wake(): void {
    this.#subscription.wake()
  }

  /** Receives nothing more and resolves when what is in hand is settled. */
  async drain(): Promise<void> {
    await this.#subscription.drain()
  }

  /** Receives nothing more. Envelopes in hand are left to their leases unless they settle. */
  stop(): void {
    this.#subscription.stop()
  }

  /** After stop(): keeps no lease alive and settles nothing. What is in hand comes again. */
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
      onTrouble: (error) => onError(`receiving from ${name}`, error),
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
        this.#options.onError(`handling ${this.#options.name}`, error)
        const settlement = { kind: 'retry', delayMs: RETRY_AFTER_FAILURE_MS } as const
        for (const entry of entries) this.#settler.add({ entry, settlement })
      },
    )
  }

  async #settle(settled: SettledEntry[]): Promise<void> {
    const { name, onError, onSettled, queue } = this.#options
    const isSettled = await untilDone(() => queue.settle(settled), {
      signal: this.#closing.signal,
      onTrouble: (error) => onError(`settling ${name}`, error),
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
      .catch((error: Error) => this.#options.onError('extending leases', error))
  }
}

/** A reason may quote the octets that did harm; refused, it would hold up all settlements. */
function storable(settlement: Settlement): Settlement {
  if (settlement.kind !== 'dead') return settlement
  return { kind: 'dead', reason: reasonText(settlement.reason) }
}
