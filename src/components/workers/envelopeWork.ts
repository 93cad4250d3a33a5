// One envelope in a worker's hands, with the outcome of each message that is done. Outcomes are
// kept as a checkpoint. When the envelope comes again, no message that was answered is sent twice,
// and the events of its outcomes are published again: events may be repeated but never missed.

import type { Envelope } from '../../queue/envelopeWire.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import type { JournalEvent } from '../../message/journalWire.ts'
import { decodeOutcomes, encodeOutcomes, type Outcome } from '../../message/outcomeWire.ts'
import type { Settlement } from '../../queue/queue.ts'

export class EnvelopeWork {
  readonly envelope: Envelope
  #outcomes: (Outcome | undefined)[]
  #open: number
  #checkpointed = false
  #resolve: (settlement: Settlement) => void = () => undefined
  /** Resolves when every outcome is durable elsewhere, or when the rest is left to others. */
  readonly settlement: Promise<Settlement>

  /** @param checkpoint the outcomes that were kept when the same envelope was received before */
  constructor(envelope: Envelope, checkpoint?: Buffer) {
    this.envelope = envelope
    this.#outcomes = Array.from({ length: envelope.messages.length })
    this.#open = envelope.messages.length
    this.settlement = new Promise((resolve) => (this.#resolve = resolve))
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

  /** Whether a checkpoint row exists, which is removed in the end. */
  get checkpointed(): boolean {
    return this.#checkpointed
  }

  /** The first outcome of a message stands. */
  record(index: number, outcome: Outcome): void {
    if (this.#outcomes[index]) return
    this.#outcomes[index] = outcome
    this.#open--
  }

  /** All outcomes so far, in the form in which they are kept. */
  checkpoint(): Buffer {
    this.#checkpointed = true
    return encodeOutcomes(this.#outcomes)
  }

  /** All outcomes so far, as events for the journal. */
  events(): JournalEvent[] {
    return this.#outcomes.flatMap((outcome, index) => {
      const message = this.envelope.messages[index]
      return outcome && message ? [eventOf(this.envelope.connector, message, outcome)] : []
    })
  }

  finish(): void {
    this.#resolve({ kind: 'done' })
  }

  /** Lets go of it unfinished. It comes again, and its checkpoint tells what is done. */
  release(delayMs = 0): void {
    this.#resolve({ kind: 'retry', delayMs })
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
