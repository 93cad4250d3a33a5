// Without a link, a lane holds a few envelopes so that their messages expire on time. Messages
// deeper in the queue may expire sooner. A lane that holds its maximum therefore returns its oldest
// envelopes to the queue for a while and receives other envelopes. In this file, this exchange is
// called rotation.

import type { EnvelopeWork } from './envelopeWork.ts'

/** The most envelopes that a lane holds while nothing can be sent. */
export const CARED_ENVELOPES = 16
/**
 * The number of envelopes returned at a time. The lane keeps the rest, so that their messages can
 * be sent immediately when a link comes up.
 */
const ROTATED_ENVELOPES = 8
/**
 * The interval of rotations. With eight envelopes every 80 ms, each envelope of a queue of 1,000 is
 * received once in ten seconds, which is less than AWAY_MS_MAX.
 */
const ROTATE_MS = 80
const AWAY_MS_MIN = 1_000
const AWAY_MS_MAX = 15_000

export interface EnvelopeRotationOptions {
  /** The envelopes that the lane holds, oldest first. */
  held: () => Iterable<EnvelopeWork>
  /** The number of envelopes that the lane holds, including those that are being opened. */
  inHand: () => number
  /** Whether the lane only looks after its envelopes, because nothing can be sent. */
  isCaring: () => boolean
  giveBack: (work: EnvelopeWork, delayMs: number) => void
}

export class EnvelopeRotation {
  #options: EnvelopeRotationOptions
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  /** Envelopes that are being returned but are not back in the queue yet. */
  #leaving = new WeakSet<EnvelopeWork>()

  constructor(options: EnvelopeRotationOptions) {
    this.#options = options
  }

  /** Called when the lane may hold more envelopes or may have lost its link. */
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
    // Envelopes with outstanding answers are kept, so that this process writes their outcomes.
    const idle = staying.filter(({ inFlight }) => inFlight === 0)
    const most = staying.length < CARED_ENVELOPES ? 0 : ROTATED_ENVELOPES
    for (const work of idle.slice(0, most)) {
      this.#leaving.add(work)
      this.#options.giveBack(work, awayMs(work, nowMs))
    }
    this.consider()
  }
}

/** The ms until the first message of the envelope expires, between AWAY_MS_MIN and AWAY_MS_MAX. */
function awayMs(work: EnvelopeWork, nowMs: number): number {
  const ends = work.remaining.map(([, { expiresAtMs = Number.POSITIVE_INFINITY }]) => expiresAtMs)
  return Math.min(Math.max(Math.min(...ends) - nowMs, AWAY_MS_MIN), AWAY_MS_MAX)
}
