import type { ClaimInHand } from './claimInHand.ts'

/**
 * If the window is full, deliveries are claimed only if the customer's last answer is more recent
 * than this.
 */
const LATELY_MS = 500
const AHEAD_MAX = 500

/** The claims of one user, or of a whole account, with deliveries that wait to be sent. */
export class DeliveryLine {
  readonly account: string
  /** Undefined if the line is for a whole account. */
  readonly user: string | undefined
  /** False if the last claim found no deliveries, and none have been announced after that claim. */
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

  /** Records that a taken delivery waits again. Its claim becomes the first claim. */
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
   * Returns how many deliveries to claim when the windows have `free` places. The target is twice
   * the total window size, so that a freed place never waits for a claim. The result is 0 for a
   * customer whose windows are full and who has not answered lately.
   */
  room(free: number, nowMs: number): number {
    const window = free + this.#underWay
    const isStuck = free === 0 && nowMs - this.#lastAnswerMs > LATELY_MS
    if (!this.mayHaveMore || isStuck || this.#waiting >= window) return 0
    return Math.min(2 * window, AHEAD_MAX) - this.#waiting
  }
}
