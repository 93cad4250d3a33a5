// Claims work from a place that several processes claim from, under a lease that is ours by name.
// It claims when there is room and reason to look: something may have arrived, or the last claim
// may have left something behind. A poll is the fallback for a wake-up that was lost.
//
// A claimed item stays in hand until its owner lets go of it. A claim can succeed while its answer
// is lost, and an item can come again because its lease ran out during an outage. Both leave items
// leased to us that nobody works on, so the next claim first returns whatever is not in hand.

import { asError } from './asError.ts'
import { errorKind } from './errorKind.ts'

/** Where items are claimed and where they go. `Room` says how much is wanted, in any form. */
export interface ClaimSource<Room, Item> {
  /** How much may be claimed now, or undefined when nothing may. */
  room(): Room | undefined
  claim(room: Room): Promise<readonly Item[]>
  /** Whether a claim for `room` that returned `items` may have left others behind. */
  mayHaveLeft(room: Room, items: readonly Item[]): boolean
  /** Returns what is claimed under our name and not in hand, so that it can be claimed again. */
  reclaim(inHand: readonly Item[]): Promise<void>
  /** Takes over items that were claimed. Their owner calls letGo() when they are no longer ours. */
  take(items: readonly Item[]): void
  /** Called once for each kind of failure in an outage. */
  onTrouble(error: Error): void
}

export interface ClaimTimes {
  pollIntervalMs: number
  /** The pause after the n-th failure in a row, counted from 1. */
  pauseAfterFailureMs: (failures: number) => number
  /** The rest between the starts of two claims, for places where large claims cost less. */
  minIntervalMs?: number
}

export class ClaimLoop<Room, Item extends { readonly id: string }> {
  #source: ClaimSource<Room, Item>
  #times: ClaimTimes
  #inHand = new Map<string, Item>()
  #poll: NodeJS.Timeout | undefined
  #rest: NodeJS.Timeout | undefined
  #claiming = false
  /** False when the last claim left nothing behind and nothing has arrived since. */
  #mayHaveMore = true
  /** At first because a former process of our name may have died with items in its hands. */
  #mustReclaim = true
  #failures = 0
  /** Kinds of failures since the last success. */
  #reported = new Set<string>()
  #stopped = false
  /** Items in hand that were claimed once more, each of them leased to us a second time. */
  #claimedAgain = new Set<string>()
  #emptied: (() => void)[] = []

  /** Claims nothing before the first wake(). */
  constructor(source: ClaimSource<Room, Item>, times: ClaimTimes) {
    this.#source = source
    this.#times = times
  }

  /** Claimed items that nobody has let go of. */
  get inHand(): readonly Item[] {
    return [...this.#inHand.values()]
  }

  /** There may be room again. Claims if there may be something to claim. */
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

  /** Something may have arrived. Claims it if there is room. */
  expectMore(): void {
    this.#mayHaveMore = true
    this.wake()
  }

  /** These are no longer ours: settled, or left to others. */
  letGo(items: Iterable<{ readonly id: string }>): void {
    for (const { id } of items) {
      this.#inHand.delete(id)
      // If its owner wants it to come again, that must not wait until the second lease ends.
      if (this.#claimedAgain.delete(id)) this.#mustReclaim = this.#mayHaveMore = true
    }
    if (this.#inHand.size === 0) for (const emptied of this.#emptied.splice(0)) emptied()
  }

  /** Claims nothing more. A claim that is under way still hands over what it gets. */
  stop(): void {
    this.#stopped = true
    this.#stopPolling()
    this.#endRest()
  }

  /** Claims nothing more and resolves when nothing is in hand. */
  async drain(): Promise<void> {
    this.stop()
    if (this.#inHand.size > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve))
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
      // A rest gathers items for a larger claim, and these are waiting already.
      this.#endRest()
    }
    this.#pollAfter(this.#times.pollIntervalMs)
    this.wake()
  }

  #failed(error: Error): void {
    this.#claiming = false
    this.#failures++
    // The claim may have succeeded and only its answer got lost.
    this.#mustReclaim = true
    if (!this.#reported.has(errorKind(error))) this.#source.onTrouble(error)
    this.#reported.add(errorKind(error))
    this.#pollAfter(this.#times.pauseAfterFailureMs(this.#failures))
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
