// One envelope in a worker's hands, with the outcome of each message that is done. Outcomes are
// kept as a checkpoint. When the envelope comes again, no message that was answered is sent twice,
// and the events of its outcomes are published again: events may be repeated but never missed. The
// envelope is settled when each outcome is durable, not when each is known.

import type { Envelope } from '../../queue/envelopeWire.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import type { Checkpoint, ClaimedEnvelope } from '../../message/checkpointTable.ts'
import {
  decodeOutcomes,
  decodeUnanswered,
  encodeOutcomes,
  encodeUnanswered,
  type Outcome,
} from '../../message/outcomeWire.ts'
import type { Settlement } from '../../queue/queue.ts'

export class EnvelopeWork {
  readonly envelope: Envelope
  #claim: ClaimedEnvelope
  #outcomes: (Outcome | undefined)[]
  /** Submissions of open messages that got no answer, by index. */
  #unanswered: Map<number, number>
  /** Messages whose outcome is durable, by index. */
  #kept = new Set<number>()
  /** Messages whose outcome the store does not take, whatever it says. */
  #unkept = new Set<number>()
  #whyDead: string | undefined
  #isOurs = true
  /** Submissions whose answer is still due. Until then it must not be given back. */
  inFlight = 0
  #resolve: (settlement: Settlement) => void = () => undefined
  /** Resolves when every outcome is durable elsewhere, or when the rest is left to others. */
  readonly settlement: Promise<Settlement>

  constructor(envelope: Envelope, claim: ClaimedEnvelope) {
    this.envelope = envelope
    this.#claim = claim
    this.#outcomes = Array.from({ length: envelope.messages.length })
    this.settlement = new Promise((resolve) => (this.#resolve = resolve))
    this.#unanswered = new Map(decodeUnanswered(claim.unanswered))
    for (const [index, outcome] of decodeOutcomes(claim.outcomes)) {
      this.record(index, outcome)
      this.keep([index])
    }
  }

  /** Messages without an outcome, with their index. */
  get remaining(): [number, EnvelopeMessage][] {
    return [...this.envelope.messages.entries()].filter(([index]) => !this.#outcomes[index])
  }

  /** Whether nothing is left to be done for any of its messages. */
  get complete(): boolean {
    return this.#kept.size + this.#unkept.size === this.envelope.messages.length
  }

  /** False once it is done or left to others. Nothing of it may be sent or kept then. */
  get isOurs(): boolean {
    return this.#isOurs
  }

  /** Whether its messages may be submitted. If not, it was claimed only to be looked after. */
  get hasBegun(): boolean {
    return this.#claim.hasBegun
  }

  /** Whether its last owner died over it, and perhaps in the middle of a submission. */
  get isTakenOver(): boolean {
    return this.#claim.isTakenOver
  }

  /**
   * The most times that this message may have been submitted without an answer.
   *
   * @param beforeMax what counts of the times in former envelopes, at most
   */
  unanswered(index: number, beforeMax = Number.POSITIVE_INFINITY): number {
    const before = Math.min(this.envelope.messages[index]?.unanswered ?? 0, beforeMax)
    return before + (this.#unanswered.get(index) ?? 0) + this.#claim.takeovers
  }

  /** A submission of this message got no answer. */
  addUnanswered(index: number): void {
    this.#unanswered.set(index, (this.#unanswered.get(index) ?? 0) + 1)
  }

  /** Answers whether it is the first outcome of this message: only the first one stands. */
  record(index: number, outcome: Outcome): boolean {
    if (this.#outcomes[index]) return false
    this.#outcomes[index] = outcome
    this.#unanswered.delete(index)
    return true
  }

  /** The store refuses the outcome that stands so far. */
  replace(index: number, outcome: Outcome): void {
    this.#outcomes[index] = outcome
  }

  /** The outcomes of these messages are durable now. */
  keep(indexes: Iterable<number>): void {
    for (const index of indexes) this.#kept.add(index)
  }

  /** The outcome of this message can be kept nowhere. The envelope will be set aside. */
  giveUp(index: number, why: string): void {
    this.#unkept.add(index)
    this.setAside(why)
  }

  /** Once it is complete, the envelope is set aside instead of done. */
  setAside(why: string): void {
    this.#whyDead ??= why
  }

  /** What is kept, together with the outcomes of these messages, in the form of a checkpoint. */
  checkpoint(indexes: ReadonlySet<number>, isReleased: boolean): Checkpoint {
    const isMeant = (index: number) => this.#kept.has(index) || indexes.has(index)
    return {
      envelopeId: this.envelope.envelopeId,
      owner: this.#claim.owner,
      outcomes: encodeOutcomes(
        this.#outcomes.map((outcome, index) => (isMeant(index) ? outcome : undefined)),
      ),
      unanswered: encodeUnanswered(this.#unanswered),
      isReleased,
    }
  }

  /** All outcomes so far, with their messages. */
  outcomes(): { message: EnvelopeMessage; outcome: Outcome }[] {
    return this.#outcomes.flatMap((outcome, index) => {
      const message = this.envelope.messages[index]
      return outcome && message ? [{ message, outcome }] : []
    })
  }

  finish(): void {
    const reason = this.#whyDead
    this.#end(reason === undefined ? { kind: 'done' } : { kind: 'dead', reason })
  }

  /**
   * Lets go of it unfinished. It comes again, and its checkpoint tells what is done. If the
   * checkpoint cannot tell, it must not come again: what was sent would be sent once more.
   */
  release(delayMs = 0): void {
    if (this.#unkept.size > 0) this.finish()
    else this.#end({ kind: 'retry', delayMs })
  }

  /** Somebody else owns it by now, and goes on from the last checkpoint. */
  lose(): void {
    this.#end({ kind: 'retry', delayMs: 0 })
  }

  #end(settlement: Settlement): void {
    this.#isOurs = false
    this.#resolve(settlement)
  }
}
