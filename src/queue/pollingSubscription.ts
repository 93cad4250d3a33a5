import { backOffMs } from '../flow/backOff.ts'
import { ClaimLoop } from '../flow/claimLoop.ts'
import type { QueueEntry, SubscribeOptions, Subscription } from './queue.ts'

/**
 * A queue that is polled for envelopes, and that wakes its listeners when there may be envelopes.
 */
export interface PolledQueue {
  receive(queue: string, max: number, leaseMs: number, maxOctets?: number): Promise<QueueEntry[]>
  /**
   * Makes envelopes visible again immediately if they are leased to this instance and not listed in
   * `inHand`, the envelopes that it has received and not yet settled. Such leases are left by a
   * former process of the same name, or by a receive whose response was lost.
   */
  reclaim(queue: string, inHand: readonly QueueEntry[]): Promise<void>
  /**
   * Calls `listener` when envelopes may have become visible. Returns a function that removes the
   * listener.
   */
  onWake(queue: string, listener: () => void): () => void
}

const PAUSE_AFTER_FAILURE_FIRST_MS = 50
const PAUSE_AFTER_FAILURE_CAP_MS = 2_000

/**
 * Creates a subscription for an adapter that polls. Polling also finds envelopes whose wake-up was
 * lost.
 */
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
