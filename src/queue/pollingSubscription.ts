import { backOffMs } from '../flow/backOff.ts'
import { ClaimLoop } from '../flow/claimLoop.ts'
import type { QueueEntry, SubscribeOptions, Subscription } from './queue.ts'

/** A queue that is asked for envelopes and tells by a wake-up when there may be some. */
export interface PolledQueue {
  receive(queue: string, max: number, leaseMs: number, maxOctets?: number): Promise<QueueEntry[]>
  /**
   * Immediately makes visible again all envelopes that are leased to this instance but not in its
   * hands: those of a former process of the same name, and those of a receive whose answer was
   * lost.
   */
  reclaim(queue: string, inHand: readonly QueueEntry[]): Promise<void>
  /** Calls back when something may have become visible. Returns a function that ends this. */
  onWake(queue: string, listener: () => void): () => void
}

const PAUSE_AFTER_FAILURE_FIRST_MS = 50
const PAUSE_AFTER_FAILURE_CAP_MS = 2_000

/** The subscription of an adapter that polls. A poll also finds what a lost wake-up told of. */
export function pollingSubscription(
  queue: PolledQueue,
  name: string,
  options: SubscribeOptions,
): Subscription {
  const { capacity, leaseMs, maxOctets, minIntervalMs, onTrouble, pollIntervalMs, take } = options
  const loop = new ClaimLoop<number, QueueEntry>(
    {
      room: () => {
        const room = capacity()
        return room > 0 ? room : undefined
      },
      claim: (room) => queue.receive(name, room, leaseMs, maxOctets),
      mayHaveLeft: (room, received) =>
        received.length === room || (maxOctets !== undefined && octetsOf(received) >= maxOctets),
      reclaim: (inHand) => queue.reclaim(name, inHand),
      take,
      onTrouble,
    },
    {
      pollIntervalMs,
      pauseAfterFailureMs: (failures) =>
        backOffMs(failures, PAUSE_AFTER_FAILURE_FIRST_MS, PAUSE_AFTER_FAILURE_CAP_MS),
      minIntervalMs,
    },
  )
  const stopWake = queue.onWake(name, () => loop.expectMore())
  return {
    get inHand() {
      return loop.inHand
    },
    wake: () => loop.wake(),
    letGo: (entries) => loop.letGo(entries),
    stop: () => {
      stopWake()
      loop.stop()
    },
    drain: () => {
      stopWake()
      return loop.drain()
    },
  }
}

function octetsOf(entries: readonly QueueEntry[]): number {
  return entries.reduce((octets, { payload }) => octets + payload.length, 0)
}
