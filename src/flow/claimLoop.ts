// Claims items from a source that several processes share. A claim leases items to this process.
// The loop makes a claim when the consumer has room for items and items may be waiting. Items may
// be waiting if new ones have arrived, or if the last claim left some behind. If a notification
// about new items is lost, a periodic poll finds the items.
//
// A claimed item is in progress ("in hand") until the consumer releases it. Two cases can leave
// items leased to this process although it is not working on them: a claim succeeds but its answer
// is lost, or an item is claimed again because its lease expired during an outage. The next claim
// therefore first gives up the leases of all items that are not in progress.

import { asError } from './asError.ts'
import { errorKind } from './errorKind.ts'

/** The source of items and their consumer. A `Room` is any description of how much to claim. */
export interface ClaimSource<Room, Item> {
  /** How much may be claimed now; undefined if nothing may be claimed. */
  room(): Room | undefined
  claim(room: Room): Promise<readonly Item[]>
  /** Whether other items may still be waiting after a claim for `room` that returned `items`. */
  mayHaveLeft(room: Room, items: readonly Item[]): boolean
  /** Makes items leased to this process claimable again, except the items in `inHand`. */
  reclaim(inHand: readonly Item[]): Promise<void>
  /** Receives the claimed items. The consumer calls letGo() when it has finished with an item. */
  take(items: readonly Item[]): void
  /** Called once for each kind of error during an outage. */
  onTrouble(error: Error): void
}

export interface ClaimTimes {
  pollIntervalMs: number
  /** The pause after the n-th failure in a row, counted from 1. */
  pauseAfterFailureMs: (failures: number) => number
  /**
   * The minimum time between the starts of two claims. Set it if one large claim is cheaper than
   * several small claims.
   */
  minIntervalMs?: number
  /** Whether a claim waits for items, as a long poll does. The next claim then follows it. */
  claimsWait?: boolean
}

export class ClaimLoop<Room, Item extends { readonly id: string }> {
  #source: ClaimSource<Room, Item>
  #times: ClaimTimes
  #inHand = new Map<string, Item>()
  #poll: NodeJS.Timeout | undefined
  #rest: NodeJS.Timeout | undefined
  #claiming = false
  /** False if the last claim left nothing behind and no item has arrived after that claim. */
  #mayHaveMore = true
  /**
   * Whether the next claim must first give up the leases of items that are not in progress.
   * Initially true, because an earlier process with the same name may have crashed while it held
   * leases.
   */
  #mustReclaim = true
  #failures = 0
  /** The kinds of errors that were reported after the last success. */
  #reported = new Set<string>()
  #stopped = false
  /** The ids of items in progress that were claimed again, so that we hold a second lease. */
  #claimedAgain = new Set<string>()
  #idleListeners: (() => void)[] = []

  /** The first wake() starts the first claim. */
  constructor(source: ClaimSource<Room, Item>, times: ClaimTimes) {
    this.#source = source
    this.#times = times
  }

  /** The items in progress: claimed and not yet released with letGo(). */
  get inHand(): readonly Item[] {
    return [...this.#inHand.values()]
  }

  /** Call when there may be room again. Claims if items may be waiting. */
  wake(): void {
    if (this.#stopped || this.#claiming || this.#rest || !this.#mayHaveMore) return
    const room = this.#source.room()
    if (room === undefined) {
      if (!this.#poll) this.#pollAfter(this.#times.pollIntervalMs)
      return
    }
    this.#claiming = true
    this.#mayHaveMore = false
    this.#stopPolling()
    this.#startRest()
    this.#claim(room).then(
      (items) => this.#claimed(room, items),
      (error: unknown) => this.#failed(asError(error)),
    )
  }

  /** Call when items may have arrived. Claims if there is room. */
  expectMore(): void {
    this.#mayHaveMore = true
    this.wake()
  }

  /** Releases items that are settled or left to other processes. */
  letGo(items: Iterable<{ readonly id: string }>): void {
    for (const { id } of items) {
      this.#inHand.delete(id)
      // The next claim must give up the second lease. Otherwise no process could claim the item
      // again until that lease expires.
      if (this.#claimedAgain.delete(id)) this.#mustReclaim = this.#mayHaveMore = true
    }
    this.#noticeIdle()
  }

  /** Starts no more claims. The items of a claim in progress are still passed to take(). */
  stop(): void {
    this.#stopped = true
    this.#stopPolling()
    this.#endRest()
  }

  /** Starts no more claims, and resolves when no claim and no item is in progress. */
  async drain(): Promise<void> {
    this.stop()
    if (this.#isBusy) await new Promise<void>((resolve) => this.#idleListeners.push(resolve))
  }

  get #isBusy(): boolean {
    return this.#claiming || this.#inHand.size > 0
  }

  #noticeIdle(): void {
    if (!this.#isBusy) for (const listener of this.#idleListeners.splice(0)) listener()
  }

  async #claim(room: Room): Promise<readonly Item[]> {
    if (this.#mustReclaim) await this.#source.reclaim(this.inHand)
    this.#mustReclaim = false
    return this.#source.claim(room)
  }

  #claimed(room: Room, items: readonly Item[]): void {
    this.#claiming = false
    this.#failures = 0
    this.#reported.clear()
    const taken = items.filter(({ id }) => !this.#inHand.has(id))
    for (const { id } of items) if (this.#inHand.has(id)) this.#claimedAgain.add(id)
    for (const item of taken) this.#inHand.set(item.id, item)
    if (taken.length > 0) this.#source.take(taken)
    if (this.#source.mayHaveLeft(room, items)) {
      this.#mayHaveMore = true
      // The minimum interval lets items accumulate. It ends now, because items already wait.
      this.#endRest()
    } else if (this.#times.claimsWait) this.#mayHaveMore = true
    this.#pollAfter(this.#times.pollIntervalMs)
    this.wake()
    this.#noticeIdle()
  }

  #failed(error: Error): void {
    this.#claiming = false
    this.#failures++
    // The claim may have succeeded although its answer was lost.
    this.#mustReclaim = true
    if (!this.#reported.has(errorKind(error))) this.#source.onTrouble(error)
    this.#reported.add(errorKind(error))
    this.#pollAfter(this.#times.pauseAfterFailureMs(this.#failures))
    this.#noticeIdle()
  }

  #pollAfter(ms: number): void {
    this.#stopPolling()
    if (this.#stopped) return
    this.#poll = setTimeout(() => {
      this.#pollAfter(this.#times.pollIntervalMs)
      this.expectMore()
    }, ms)
  }

  #stopPolling(): void {
    clearTimeout(this.#poll)
    this.#poll = undefined
  }

  #startRest(): void {
    const { minIntervalMs = 0 } = this.#times
    if (minIntervalMs <= 0) return
    this.#rest = setTimeout(() => {
      this.#rest = undefined
      this.wake()
    }, minIntervalMs)
  }

  #endRest(): void {
    clearTimeout(this.#rest)
    this.#rest = undefined
  }
}
