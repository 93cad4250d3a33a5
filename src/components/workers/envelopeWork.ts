// An envelope that a worker has claimed, with the outcome of each finished message. Outcomes are
// saved in a checkpoint. If the envelope is delivered again, messages with a saved outcome are not
// sent again. The events of saved outcomes are published again, because events may be repeated but
// must not be lost. The envelope is settled when every outcome is durable, not as soon as every
// outcome is known.

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
  /** The number of unanswered submissions of each message without an outcome, by index. */
  #unanswered: Map<number, number>
  /** The indexes of messages whose outcome is durable. */
  #kept = new Set<number>()
  /** The indexes of messages for which the database refuses every outcome. */
  #unkept = new Set<number>()
  #whyDead: string | undefined
  #isOurs = true
  /**
   * The number of submissions without an answer so far. The envelope must not be returned while
   * this number is above 0.
   */
  inFlight = 0
  #resolve: (settlement: Settlement) => void = () => undefined
  /** Resolves when every outcome is durable, or when the rest is left to other workers. */
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

  /** The messages without an outcome, each with its index. */
  get remaining(): [number, EnvelopeMessage][] {
    return [...this.envelope.messages.entries()].filter(([index]) => !this.#outcomes[index])
  }

  /** Whether every message has a durable outcome, or one that cannot be stored. */
  get complete(): boolean {
    return this.#kept.size + this.#unkept.size === this.envelope.messages.length
  }

  /** False once the envelope is settled. After that its messages must not be sent or recorded. */
  get isOurs(): boolean {
    return this.#isOurs
  }

  /**
   * Whether the messages may be submitted. If not, the envelope was claimed only so that its
   * messages expire on time.
   */
  get hasBegun(): boolean {
    return this.#claim.hasBegun
  }

  /** Whether the last owner of the envelope died, perhaps in the middle of a submission. */
  get isTakenOver(): boolean {
    return this.#claim.isTakenOver
  }

  /**
   * The largest number of times that this message may have been submitted without an answer.
   *
   * @param beforeMax the most submissions to count from former envelopes of the message
   */
  unanswered(index: number, beforeMax = Number.POSITIVE_INFINITY): number {
    const before = Math.min(this.envelope.messages[index]?.unanswered ?? 0, beforeMax)
    return before + (this.#unanswered.get(index) ?? 0) + this.#claim.takeovers
  }

  /** Counts a submission of this message that got no answer. */
  addUnanswered(index: number): void {
    this.#unanswered.set(index, (this.#unanswered.get(index) ?? 0) + 1)
  }

  /** Records an outcome, unless the message already has one. Returns whether it was recorded. */
  record(index: number, outcome: Outcome): boolean {
    if (this.#outcomes[index]) return false
    this.#outcomes[index] = outcome
    this.#unanswered.delete(index)
    return true
  }

  /** Replaces an outcome that the database refused. */
  replace(index: number, outcome: Outcome): void {
    this.#outcomes[index] = outcome
  }

  /** Marks the outcomes of these messages as durable. */
  keep(indexes: Iterable<number>): void {
    for (const index of indexes) this.#kept.add(index)
  }

  /** Notes that no outcome of this message can be stored. The envelope becomes a dead letter. */
  giveUp(index: number, why: string): void {
    this.#unkept.add(index)
    this.setAside(why)
  }

  /** Makes `finish` settle the envelope as dead instead of done. The first reason is kept. */
  setAside(why: string): void {
    this.#whyDead ??= why
  }

  /** Returns a checkpoint with all durable outcomes and the outcomes of the given messages. */
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

  /** All outcomes so far, each with its message. */
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
   * Releases the unfinished envelope. It is delivered again, and its checkpoint says which messages
   * are done. If an outcome could not be stored, the envelope is finished instead, because another
   * delivery would send that message twice.
   */
  release(delayMs = 0): void {
    if (this.#unkept.size > 0) this.finish()
    else this.#end({ kind: 'retry', delayMs })
  }

  /** Called when another worker owns the envelope and continues from the last checkpoint. */
  lose(): void {
    this.#end({ kind: 'retry', delayMs: 0 })
  }

  #end(settlement: Settlement): void {
    this.#isOurs = false
    this.#resolve(settlement)
  }
}
