// Works off one queue: receives while there is capacity, hands envelopes over, keeps their leases
// alive, and settles them in batches until the queue has taken the settlements. A handler that
// rejects (the infrastructure failed) gets its envelopes again after a pause. A handler that never
// answers keeps its envelopes only as long as this process lives.

import assert from 'node:assert'
import { backOffMs } from '../flow/backOff.ts'
import { Batcher } from '../flow/batcher.ts'
import { type ClaimSource, ClaimLoop } from '../flow/claimLoop.ts'
import { untilDone } from '../flow/untilDone.ts'
import type { Delivery, Queue, QueueVerdict, Settlement } from './queue.ts'

export interface ConsumerOptions {
  queue: Queue
  name: string
  leaseMs: number
  /** How many envelopes may be received now. After 0, wake() asks again. */
  capacity: () => number
  /** Answers one verdict per delivery, in order, once their outcome is durable. */
  handle: (deliveries: readonly Delivery[]) => Promise<QueueVerdict[]>
  /** Hands envelopes over one by one, so that none waits for another's verdict. */
  singly?: boolean
  /** The rest between the starts of two receives, where larger batches cost less per message. */
  minIntervalMs?: number
  /** Called once the queue has taken the settlements: these envelopes are no longer ours. */
  onSettled?: (settlements: readonly Settlement[]) => void
  onError: (what: string, error: Error) => void
}

/** The fallback when a wake-up is lost, and how delayed envelopes are found. */
const POLL_INTERVAL_MS = 1_000
const PAUSE_AFTER_FAILURE_FIRST_MS = 50
const PAUSE_AFTER_FAILURE_CAP_MS = 2_000
const RETRY_AFTER_FAILURE_MS = 1_000

export class Consumer {
  #options: ConsumerOptions
  #loop: ClaimLoop<number, Delivery>
  #settler: Batcher<Settlement>
  #stopWake: () => void
  #extender: NodeJS.Timeout
  #closing = new AbortController()

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.#loop = new ClaimLoop(this.#source(), {
      pollIntervalMs: POLL_INTERVAL_MS,
      pauseAfterFailureMs: (failures) =>
        backOffMs(failures, PAUSE_AFTER_FAILURE_FIRST_MS, PAUSE_AFTER_FAILURE_CAP_MS),
      minIntervalMs: options.minIntervalMs ?? 0,
    })
    this.#settler = new Batcher({
      send: (settlements) => this.#settle(settlements),
      onError: (error) => options.onError('settling', error),
      maxItems: 500,
    })
    this.#stopWake = options.queue.onWake(options.name, () => this.#loop.expectMore())
    this.#extender = setInterval(() => this.#extend(), options.leaseMs / 3)
    this.wake()
  }

  /** There may be capacity again. */
  wake(): void {
    this.#loop.wake()
  }

  /** Receives nothing more and resolves when what is in hand is settled. */
  async drain(): Promise<void> {
    this.#stopWake()
    await this.#loop.drain()
  }

  /** Receives nothing more; what is in hand is left to its lease unless it settles by itself. */
  stop(): void {
    this.#stopWake()
    this.#loop.stop()
  }

  /** After stop(): keeps no lease alive and settles nothing. What is in hand comes again. */
  close(): void {
    this.stop()
    this.#closing.abort()
    clearInterval(this.#extender)
    this.#settler.stop()
  }

  #source(): ClaimSource<number, Delivery> {
    const { capacity, leaseMs, name, onError, queue, singly } = this.#options
    return {
      room: () => {
        const room = capacity()
        return room > 0 ? room : undefined
      },
      claim: (room) => queue.receive(name, room, leaseMs),
      mayHaveLeft: (room, received) => received.length === room,
      reclaim: (inHand) => queue.reclaim(name, inHand),
      take: (deliveries) => {
        if (singly) for (const delivery of deliveries) this.#hand([delivery])
        else this.#hand(deliveries)
      },
      onTrouble: (error) => onError(`receiving from ${name}`, error),
    }
  }

  #hand(deliveries: readonly Delivery[]): void {
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
    const { name, onError, onSettled, queue } = this.#options
    const settled = await untilDone(() => queue.settle(settlements), {
      signal: this.#closing.signal,
      onTrouble: (error) => onError(`settling ${name}`, error),
    })
    if (!settled) return
    for (const { delivery, verdict } of settlements) {
      if (verdict.kind !== 'dead') continue
      onError(`set aside from ${delivery.queue}`, new Error(verdict.reason))
    }
    onSettled?.(settlements)
    this.#loop.letGo(settlements.map(({ delivery }) => delivery))
    this.wake()
  }

  #extend(): void {
    const { inHand } = this.#loop
    if (inHand.length === 0) return
    this.#options.queue
      .extend(inHand, this.#options.leaseMs)
      .catch((error: Error) => this.#options.onError('extending leases', error))
  }
}
