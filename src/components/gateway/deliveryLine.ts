import type { ClaimInHand } from './claimInHand.ts'

/** A customer that answered this lately is served ahead of the room in its window. */
const LATELY_MS = 500
const AHEAD_MAX = 500

/** What one user, or a whole account, has in hand: claims whose deliveries wait for a window. */
export class DeliveryLine {
  readonly account: string
  /** Undefined for the whole account. */
  readonly user: string | undefined
  /** False when the last claim found nothing and nothing has arrived since. */
  mayHaveMore = true
  #claims: ClaimInHand[] = []
  #waiting = 0
  #underWay = 0
  #lastAnswerMs = Number.NEGATIVE_INFINITY

  constructor(account: string, user: string | undefined) {
    this.account = account
    this.user = user
  }

  /** The claim that comes next. */
  get first(): ClaimInHand | undefined {
    return this.#claims[0]
  }

  get claims(): readonly ClaimInHand[] {
    return this.#claims
  }

  /** Fewer wait than are under way, so that a claim may bring more. */
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

  /** A delivery of the first claim goes to a receiver. */
  taken(): void {
    this.#waiting--
    this.#underWay++
    if (this.first?.waiting === 0) this.#claims.shift()
  }

  answered(nowMs: number): void {
    this.#underWay--
    this.#lastAnswerMs = nowMs
  }

  /** A delivery that was under way waits again, before all others. */
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
   * How many deliveries to claim for `free` places in windows: twice the windows' size, so that an
   * answer never waits for a claim. Nothing for a customer that takes nothing.
   */
  room(free: number, nowMs: number): number {
    const window = free + this.#underWay
    const isStuck = free === 0 && nowMs - this.#lastAnswerMs > LATELY_MS
    if (!this.mayHaveMore || isStuck || this.#waiting >= window) return 0
    return Math.min(2 * window, AHEAD_MAX) - this.#waiting
  }
}
