import type { Delivery } from '../../outbox/deliveryChunk.ts'
import type { ClaimedDeliveries } from '../../outbox/outboxTable.ts'
import type { ClaimOutcome } from '../../outbox/settlementTable.ts'

export interface ClaimTimes {
  /** After it, the answer to a delivery might come when the lease has ended. */
  readonly sendUntilMs: number
  /** When what a slow customer has not taken is put back. */
  readonly putBackAtMs: number
}

type Ends = Pick<ClaimOutcome, 'acknowledged' | 'refused' | 'retry'>

/** Deliveries that are leased together: some wait, some are under way, some have ended. */
export class ClaimInHand {
  readonly claimed: ClaimedDeliveries
  /** By the monotonic clock. */
  readonly times: ClaimTimes
  #next = 0
  /** Deliveries that were taken, but that their session did not send. */
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

  /** True once the remaining deliveries are for others to claim. */
  isPutBack = false

  /** Each delivery has its outcome, or is put back. */
  get isOver(): boolean {
    return this.#underWay === 0 && (this.isPutBack || this.waiting === 0)
  }

  /** Deliveries that nobody has taken. */
  get waiting(): number {
    return this.claimed.deliveries.length - this.#next + this.#returned.length
  }

  take(): Delivery | undefined {
    const delivery = this.#returned.pop() ?? this.claimed.deliveries[this.#next++]
    if (delivery) this.#underWay++
    return delivery
  }

  /** The session did not send this delivery, so it waits again. */
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

  /** The settlement of this claim. Call it once `isOver` is true. */
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
