// Without a link a lane holds a few envelopes so that their messages expire in time, but one deeper
// in the queue may end sooner. So while a lane holds all it may, the oldest go back for a while and
// others are looked at.

import type { EnvelopeWork } from './envelopeWork.ts'

/** Envelopes that a lane holds while nothing can be sent. */
export const CARED_ENVELOPES = 16
/** So many go back at once, so that the rest can be sent at once when the link returns. */
const ROTATED_ENVELOPES = 8
/** At most 100 envelopes a second, so that all of a queue of 1,000 come by while they are away. */
const ROTATE_MS = 80
const AWAY_MS_MIN = 1_000
const AWAY_MS_MAX = 15_000

export interface EnvelopeRotationOptions {
  /** The envelopes in hand, the oldest first. */
  held: () => Iterable<EnvelopeWork>
  /** Their number, with those that are being opened. */
  inHand: () => number
  /** Whether the lane only cares for them: nothing can be sent. */
  isCaring: () => boolean
  giveBack: (work: EnvelopeWork, delayMs: number) => void
}

export class EnvelopeRotation {
  #options: EnvelopeRotationOptions
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  /** On their way back, but still in hand until the queue has them. */
  #leaving = new WeakSet<EnvelopeWork>()

  constructor(options: EnvelopeRotationOptions) {
    this.#options = options
  }

  /** Called when more may be in hand, or when the lane may have begun to care for them. */
  consider(): void {
    const { inHand, isCaring } = this.#options
    if (this.#timer || this.#isStopped || inHand() < CARED_ENVELOPES || !isCaring()) return
    this.#timer = setTimeout(() => this.#rotate(), ROTATE_MS)
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #rotate(): void {
    this.#timer = undefined
    if (!this.#options.isCaring()) return
    const nowMs = Date.now()
    const staying = [...this.#options.held()].filter((work) => !this.#leaving.has(work))
    // The answers that are due go into the checkpoint of who has it then: here.
    const idle = staying.filter(({ inFlight }) => inFlight === 0)
    const most = staying.length < CARED_ENVELOPES ? 0 : ROTATED_ENVELOPES
    for (const work of idle.slice(0, most)) {
      this.#leaving.add(work)
      this.#options.giveBack(work, awayMs(work, nowMs))
    }
    this.consider()
  }
}

/** Until the first of its messages ends, within bounds. */
function awayMs(work: EnvelopeWork, nowMs: number): number {
  const ends = work.remaining.map(([, { expiresAtMs = Number.POSITIVE_INFINITY }]) => expiresAtMs)
  return Math.min(Math.max(Math.min(...ends) - nowMs, AWAY_MS_MIN), AWAY_MS_MAX)
}
