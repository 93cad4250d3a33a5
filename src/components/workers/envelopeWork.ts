// One envelope in a worker's hands, with the outcome of each message that is done. Outcomes are
// kept as a checkpoint. When the envelope comes again, no message that was answered is sent twice,
// and the events of its outcomes are published again: events may be repeated but never missed. The
// envelope is settled when each outcome is durable, not when each is known.

import type { Envelope } from '../../queue/envelopeWire.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import { decodeOutcomes, encodeOutcomes, type Outcome } from '../../message/outcomeWire.ts'
import type { Settlement } from '../../queue/queue.ts'

export class EnvelopeWork {
  readonly envelope: Envelope
  #outcomes: (Outcome | undefined)[]
  /** Messages whose outcome is durable, by index. */
  #kept = new Set<number>()
  /** Messages whose outcome the store does not take, whatever it says. */
  #unkept = new Set<number>()
  #whyDead: string | undefined
  #checkpointed = false
  #resolve: (settlement: Settlement) => void = () => undefined
  /** Resolves when every outcome is durable elsewhere, or when the rest is left to others. */
  readonly settlement: Promise<Settlement>

  /** @param checkpoint the outcomes that were kept when the same envelope was received before */
  constructor(envelope: Envelope, checkpoint?: Buffer) {
    this.envelope = envelope
    this.#outcomes = Array.from({ length: envelope.messages.length })
    this.settlement = new Promise((resolve) => (this.#resolve = resolve))
    if (!checkpoint) return
    this.#checkpointed = true
    for (const [index, outcome] of decodeOutcomes(checkpoint)) {
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

  /** Whether a checkpoint row exists, which is removed in the end. */
  get checkpointed(): boolean {
    return this.#checkpointed
  }

  /** Answers whether it is the first outcome of this message: only the first one stands. */
  record(index: number, outcome: Outcome): boolean {
    if (this.#outcomes[index]) return false
    this.#outcomes[index] = outcome
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
  checkpoint(indexes: ReadonlySet<number>): Buffer {
    this.#checkpointed = true
    const isMeant = (index: number) => this.#kept.has(index) || indexes.has(index)
    return encodeOutcomes(
      this.#outcomes.map((outcome, index) => (isMeant(index) ? outcome : undefined)),
    )
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
    this.#resolve(reason === undefined ? { kind: 'done' } : { kind: 'dead', reason })
  }

  /**
   * Lets go of it unfinished. It comes again at once, and its checkpoint tells what is done. If
   * the checkpoint cannot tell, it must not come again: what was sent would be sent once more.
   */
  release(): void {
    if (this.#unkept.size > 0) this.finish()
    else this.#resolve({ kind: 'retry', delayMs: 0 })
  }
}
