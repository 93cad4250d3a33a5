import type { SessionLimits } from './defaultLimits.ts'

/** The memory that V8 uses for one TLV and the view of its value (measured: 135-150 octets). */
const TLV_OCTETS = 150
/**
 * Charges below this size are not counted, because the limit on the number of requests also limits
 * their sum.
 */
const CHARGED_OCTETS_MIN = 1024

interface Charge {
  readonly octets: number
  /** The charge is released when the session has sent this many answers in total. */
  readonly answers: number
}

/**
 * Counts the requests that the application has not answered, and the memory that they occupy. The
 * body of a request is a view of the chunk that the socket delivered, so the whole size of a chunk
 * is charged to the first request in it. If that request was the n-th of the session, its charge is
 * released after n answers, no matter which requests were answered. Looking up each request by its
 * sequence_number would make the server a tenth slower.
 */
export class OwedAnswers {
  readonly #limits: SessionLimits
  readonly #charges: Charge[] = []
  #requests = 0
  #answers = 0
  #octets = 0
  #chunkOctets = 0
  #nextEnd = Infinity

  constructor(limits: SessionLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#requests - this.#answers
  }

  /** Whether reading should stop. */
  get isTooMuch(): boolean {
    const { unansweredByUs, unansweredOctets } = this.#limits
    return this.count >= unansweredByUs || this.#octets >= unansweredOctets
  }

  /** Whether enough requests are answered to resume reading. */
  get isLittle(): boolean {
    const { unansweredByUs, unansweredOctets } = this.#limits
    return this.count <= unansweredByUs >> 1 && this.#octets <= unansweredOctets / 2
  }

  /** Call for each chunk, with its size, before `add` is called for the requests in it. */
  received(chunkOctets: number): void {
    this.#chunkOctets = chunkOctets
  }

  add(tlvs: number): void {
    this.#requests++
    const octets = this.#chunkOctets + tlvs * TLV_OCTETS
    this.#chunkOctets = 0
    if (octets < CHARGED_OCTETS_MIN) return
    this.#octets += octets
    this.#charges.push({ octets, answers: this.#requests })
    if (this.#charges.length === 1) this.#nextEnd = this.#requests
  }

  answered(): void {
    if (this.#answers === this.#requests) return
    if (++this.#answers < this.#nextEnd) return
    this.#octets -= this.#charges.shift()?.octets ?? 0
    this.#nextEnd = this.#charges[0]?.answers ?? Infinity
  }
}
