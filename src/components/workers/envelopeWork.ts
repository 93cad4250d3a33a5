// One envelope in a worker's hands: which of its messages are done, and how. Outcomes are kept as
// a checkpoint, so that when the envelope comes again nothing that was answered is sent twice, and
// the events of what was done are published again (they may be repeated, never missed).

import type { Envelope } from '../../queue/envelopeWire.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import type { JournalEvent } from '../../message/journalWire.ts'
import { decodeOutcomes, encodeOutcomes, type Outcome } from '../../message/outcomeWire.ts'
import type { QueueVerdict } from '../../queue/queue.ts'

export class EnvelopeWork {
  readonly envelope: Envelope
  #outcomes: (Outcome | undefined)[]
  #open: number
  #checkpointed = false
  #resolve: (verdict: QueueVerdict) => void = () => undefined
  /** Resolves when every outcome is durable elsewhere, or when the rest is left to others. */
  readonly verdict: Promise<QueueVerdict>

  /** @param checkpoint what was kept of an earlier delivery of the same envelope */
  constructor(envelope: Envelope, checkpoint?: Buffer) {
    this.envelope = envelope
    this.#outcomes = Array.from({ length: envelope.messages.length })
    this.#open = envelope.messages.length
    this.verdict = new Promise((resolve) => (this.#resolve = resolve))
    if (!checkpoint) return
    this.#checkpointed = true
    for (const [index, outcome] of decodeOutcomes(checkpoint)) this.record(index, outcome)
  }

  /** Messages without an outcome, with their index. */
  get remaining(): [number, EnvelopeMessage][] {
    return [...this.envelope.messages.entries()].filter(([index]) => !this.#outcomes[index])
  }

  get complete(): boolean {
    return this.#open === 0
  }

  /** Whether a checkpoint row exists, to be removed in the end. */
  get checkpointed(): boolean {
    return this.#checkpointed
  }

  /** The first outcome of a message stands. */
  record(index: number, outcome: Outcome): void {
    if (this.#outcomes[index]) return
    this.#outcomes[index] = outcome
    this.#open--
  }

  /** All outcomes so far, to be kept. */
  checkpoint(): Buffer {
    this.#checkpointed = true
    return encodeOutcomes(this.#outcomes)
  }

  /** What happened so far, as the journal wants it. */
  events(): JournalEvent[] {
    return this.#outcomes.flatMap((outcome, index) => {
      const message = this.envelope.messages[index]
      return outcome && message ? [eventOf(this.envelope.connector, message, outcome)] : []
    })
  }

  finish(): void {
    this.#resolve({ kind: 'done' })
  }

  /** Lets go of it unfinished: it comes again at once, and its checkpoint says what was done. */
  release(): void {
    this.#resolve({ kind: 'retry', delayMs: 0 })
  }
}

export function eventOf(
  connector: string,
  message: EnvelopeMessage,
  outcome: Outcome,
): JournalEvent {
  return outcome.kind === 'submitted'
    ? { ...outcome, connector, message, segment: 0 }
    : { ...outcome, connector, message }
}
