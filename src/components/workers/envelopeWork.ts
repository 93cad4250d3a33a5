// One envelope in a worker's hands, with the outcome of each message that is done. Outcomes are
// kept as a checkpoint. When the envelope comes again, no message that was answered is sent twice,
// and the events of its outcomes are published again: events may be repeated but never missed.

import type { Envelope, EnvelopeMessage } from '../../queue/envelopeWire.ts'
import type { JournalEvent } from '../../message/journalWire.ts'
import { pack, unpack } from '../../message/msgpackWire.ts'
import type { UpstreamId } from '../../message/ids.ts'
import type { Settlement } from '../../queue/queue.ts'

export type Outcome =
  | { kind: 'submitted'; atMs: number; upstreamId: UpstreamId }
  | { kind: 'failed'; atMs: number; commandStatus: number; reason: string }
  | { kind: 'deferred'; atMs: number; commandStatus: number; dueAtMs: number }

type Row = [index: number, kind: number, atMs: number, number: number, text: string]
const KINDS = ['submitted', 'failed', 'deferred'] as const

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
    const rows = this.#outcomes.flatMap((outcome, index) => (outcome ? [row(index, outcome)] : []))
    return pack(rows)
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

  /** Lets go of it unfinished. It comes again at once, and its checkpoint tells what is done. */
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

function row(index: number, outcome: Outcome): Row {
  const kind = KINDS.indexOf(outcome.kind)
  switch (outcome.kind) {
    case 'submitted':
      return [index, kind, outcome.atMs, 0, outcome.upstreamId]
    case 'failed':
      return [index, kind, outcome.atMs, outcome.commandStatus, outcome.reason]
    case 'deferred':
      return [index, kind, outcome.atMs, outcome.commandStatus, String(outcome.dueAtMs)]
  }
}

function decodeOutcomes(checkpoint: Buffer): [number, Outcome][] {
  // Written by checkpoint() above.
  const rows = unpack(checkpoint) as Row[]
  return rows.map(([index, kind, atMs, number, text]) => [
    index,
    outcomeOf(kind, atMs, number, text),
  ])
}

function outcomeOf(kind: number, atMs: number, number: number, text: string): Outcome {
  switch (KINDS[kind]) {
    case 'failed':
      return { kind: 'failed', atMs, commandStatus: number, reason: text }
    case 'deferred':
      return { kind: 'deferred', atMs, commandStatus: number, dueAtMs: Number(text) }
    default:
      // Written from an UpstreamId by row().
      return { kind: 'submitted', atMs, upstreamId: text as UpstreamId }
  }
}
