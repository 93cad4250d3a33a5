import type { Delivery } from '../../outbox/deliveryChunk.ts'
import type { ClaimedDeliveries } from '../../outbox/outboxTable.ts'
import type { ClaimOutcome } from '../../outbox/settlementTable.ts'

export interface ClaimTimes {
  /** No delivery is sent after this time, because its answer could arrive after the lease ends. */
  readonly sendUntilMs: number
  /** At this time, deliveries that a slow customer has not taken are put back into the outbox. */
  readonly putBackAtMs: number
}

type Ends = Pick<ClaimOutcome, 'acknowledged' | 'refused' | 'retry'>

/**
 * A claim: deliveries from the outbox that this gateway has leased together. Each delivery is
 * waiting, is in progress (taken by a session and not answered yet), or has an outcome.
 */
export class ClaimInHand {
  readonly claimed: ClaimedDeliveries
  /** The times are milliseconds of the monotonic clock. */
  readonly times: ClaimTimes
  #next = 0
  /** Deliveries that were taken, but that the session did not send. */
  #returned: Delivery[] = []
  #underWay = 0
  readonly #acknowledged: Ends['acknowledged'][number][] = []
  readonly #refused: Ends['refused'][number][] = []
  readonly #retry: Ends['retry'][number][] = []

  constructor(claimed: ClaimedDeliveries, times: ClaimTimes) {
    this.claimed = claimed
    this.times = times
  }

  get id(): string {
    return this.claimed.id
  }

  get octets(): number {
    return this.claimed.deliveries.reduce((sum, { deliverSm }) => sum + deliverSm.length, 0)
  }

  /** True if the waiting deliveries are put back into the outbox for another claim. */
  isPutBack = false

  /** True if each delivery has an outcome or is put back. */
  get isOver(): boolean {
    return this.#underWay === 0 && (this.isPutBack || this.waiting === 0)
  }

  /** The number of deliveries that no session has taken yet, or that a session has returned. */
  get waiting(): number {
    return this.claimed.deliveries.length - this.#next + this.#returned.length
  }

  take(): Delivery | undefined {
    const delivery = this.#returned.pop() ?? this.claimed.deliveries[this.#next++]
    if (delivery) this.#underWay++
    return delivery
  }

  /** Makes a taken delivery wait again, because the session did not send it. */
  return(delivery: Delivery): void {
    this.#underWay--
    this.#returned.push(delivery)
  }

  acknowledge(delivery: Delivery, user: string): void {
    this.#underWay--
    this.#acknowledged.push({ messageId: delivery.messageId, user })
  }

  refuse(delivery: Delivery, commandStatus: number): void {
    this.#underWay--
    this.#refused.push({ delivery, commandStatus })
  }

  retry(delivery: Delivery, delayMs: number): void {
    this.#underWay--
    this.#retry.push({ delivery, delayMs })
  }

  /** The outcome of all deliveries of this claim. Call it only when `isOver` is true. */
  outcome(): ClaimOutcome {
    const { deliveries, id, kind } = this.claimed
    return {
      id,
      kind,
      acknowledged: this.#acknowledged,
      refused: this.#refused,
      retry: this.#retry,
      putBack: [...this.#returned.toReversed(), ...deliveries.slice(this.#next)],
    }
  }
}
