import type { ClaimInHand } from './claimInHand.ts'

/**
 * If the customer's windows are full, more deliveries are claimed only if the customer has answered
 * a delivery within this time.
 */
const LATELY_MS = 500
const AHEAD_MAX = 500

/**
 * The claims of one user, or of a whole account, that contain deliveries waiting to be sent. A
 * claim is a group of deliveries that this gateway has leased from the outbox.
 */
export class DeliveryLine {
  readonly account: string
  /** Undefined if the line is for a whole account. */
  readonly user: string | undefined
  /**
   * False if the last claim found no deliveries, and no new delivery has been announced since then.
   */
  mayHaveMore = true
  #claims: ClaimInHand[] = []
  #waiting = 0
  #underWay = 0
  #lastAnswerMs = Number.NEGATIVE_INFINITY

  constructor(account: string, user: string | undefined) {
    this.account = account
    this.user = user
  }

  /** The claim whose deliveries are sent next. */
  get first(): ClaimInHand | undefined {
    return this.#claims[0]
  }

  get claims(): readonly ClaimInHand[] {
    return this.#claims
  }

  /**
   * True if the waiting deliveries do not outnumber the deliveries in progress, so that more may be
   * claimed.
   */
  get isLow(): boolean {
    return this.#waiting <= this.#underWay && this.#waiting < AHEAD_MAX
  }

  get isIdle(): boolean {
    return this.#waiting === 0 && this.#underWay === 0
  }

  add(claim: ClaimInHand): void {
    this.#claims.push(claim)
    this.#waiting += claim.waiting
  }

  /** Records that a delivery of the first claim was taken for sending. */
  taken(): void {
    this.#waiting--
    this.#underWay++
    if (this.first?.waiting === 0) this.#claims.shift()
  }

  answered(nowMs: number): void {
    this.#underWay--
    this.#lastAnswerMs = nowMs
  }

  /**
   * Records that a taken delivery was not sent and waits again. Its claim is the first claim again.
   */
  returned(claim: ClaimInHand): void {
    this.#underWay--
    if (claim.isPutBack) return
    this.#waiting++
    if (!this.#claims.includes(claim)) this.#claims.unshift(claim)
  }

  remove(claim: ClaimInHand): void {
    const claims = this.#claims.filter((other) => other !== claim)
    if (claims.length < this.#claims.length) this.#waiting -= claim.waiting
    this.#claims = claims
  }

  /**
   * Returns how many deliveries to claim if the windows of the receivers have `free` free places in
   * total. The aim is to have twice as many waiting deliveries as the windows have places, so that
   * a place that becomes free need not wait for a claim. The result is 0 if the windows are full
   * and the customer has not answered within LATELY_MS.
   */
  room(free: number, nowMs: number): number {
    const window = free + this.#underWay
    const isStuck = free === 0 && nowMs - this.#lastAnswerMs > LATELY_MS
    if (!this.mayHaveMore || isStuck || this.#waiting >= window) return 0
    return Math.min(2 * window, AHEAD_MAX) - this.#waiting
  }
}
