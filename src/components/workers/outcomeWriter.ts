// Makes outcomes durable, in batches that form by themselves. The checkpoints of the envelopes are
// written in one transaction with the messages that must wait, and beside it the journal's events
// are published. Only then are complete envelopes let go of. While the database is away the batch
// is tried again, because nothing else may be done with it.

import { uuidv7 } from 'uuidv7'
import { encodeEnvelope, submitQueue } from '../../queue/envelopeWire.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import { encodeEvents, JOURNAL_QUEUE, type JournalEvent } from '../../message/journalWire.ts'
import { Batcher } from '../../flow/batcher.ts'
import { untilDone } from '../../flow/untilDone.ts'
import type { Publication } from '../../queue/queue.ts'
import type { Checkpoint } from '../../message/checkpointTable.ts'
import type { LaterEntry } from '../../message/waitingMessageTable.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import { type EnvelopeWork, eventOf } from './envelopeWork.ts'

export interface OutcomeStore {
  /** Keeps both or neither: a message is in `later` exactly when a checkpoint calls it deferred. */
  keep(checkpoints: readonly Checkpoint[], later: readonly LaterEntry[]): Promise<void>
  publish(publications: readonly Publication[]): Promise<void>
}

interface Recorded {
  kind: 'recorded'
  work: EnvelopeWork
  message: EnvelopeMessage
  outcome: Outcome
}

interface Resumed {
  kind: 'resumed'
  work: EnvelopeWork
}

interface Released {
  kind: 'released'
  work: EnvelopeWork
  delayMs: number
}

type Item = Recorded | Resumed | Released

const MAX_OUTCOMES = 2_000
/** Events in one journal envelope. */
const MAX_EVENTS = 250

export class OutcomeWriter {
  #store: OutcomeStore
  #onTrouble: (what: string, error: Error) => void
  #batcher: Batcher<Item>

  constructor(store: OutcomeStore, onTrouble: (what: string, error: Error) => void) {
    this.#store = store
    this.#onTrouble = onTrouble
    this.#batcher = new Batcher({
      send: (items) => this.#write(items),
      onError: (error) => onTrouble('writing outcomes', error),
      maxItems: MAX_OUTCOMES,
    })
  }

  /** Records the outcome of one message of an envelope. */
  record(work: EnvelopeWork, index: number, outcome: Outcome): void {
    const message = work.envelope.messages[index]
    if (!message) return
    work.record(index, outcome)
    this.#batcher.add({ kind: 'recorded', work, message, outcome })
  }

  /** Publishes the outcomes in the checkpoint of an envelope that came again. */
  resume(work: EnvelopeWork): void {
    this.#batcher.add({ kind: 'resumed', work })
  }

  /** Lets go of an unfinished envelope for so long, once its outcomes so far are kept. */
  release(work: EnvelopeWork, delayMs = 0): void {
    this.#batcher.add({ kind: 'released', work, delayMs })
  }

  /** A submit_sm_resp came after its timer. Its upstream id counts, whatever was decided. */
  late(work: EnvelopeWork, message: EnvelopeMessage, outcome: Outcome): void {
    this.#batcher.add({ kind: 'recorded', work, message, outcome })
  }

  whenIdle(): Promise<void> {
    return this.#batcher.whenIdle()
  }

  async #write(items: Item[]): Promise<void> {
    const recorded = items.filter((item) => item.kind === 'recorded')
    const resumed = items.filter((item) => item.kind === 'resumed')
    const works = new Set(items.map(({ work }) => work))
    const events = [
      ...recorded.map(({ work, message, outcome }) =>
        eventOf(work.envelope.connector, message, outcome),
      ),
      ...resumed.flatMap(({ work }) => work.events()),
    ]
    const later = recorded.flatMap(laterEntry)
    const complete = [...works].filter((work) => work.complete)
    await untilDone(() => this.#keep([...works], later, events), {
      onTrouble: (error) => this.#onTrouble('keeping outcomes', error),
    })
    for (const work of complete) work.finish()
    for (const item of items) if (item.kind === 'released') item.work.release(item.delayMs)
  }

  async #keep(works: EnvelopeWork[], later: LaterEntry[], events: JournalEvent[]): Promise<void> {
    const checkpoints = works.map((work) => ({
      envelopeId: work.envelope.envelopeId,
      outcomes: work.checkpoint(),
    }))
    const publications: Publication[] = []
    for (let from = 0; from < events.length; from += MAX_EVENTS) {
      const some = events.slice(from, from + MAX_EVENTS)
      publications.push({
        queue: JOURNAL_QUEUE,
        payload: encodeEvents(some),
        messages: some.length,
      })
    }
    await Promise.all([this.#store.keep(checkpoints, later), this.#store.publish(publications)])
  }
}

function laterEntry({ work, message, outcome }: Recorded): LaterEntry[] {
  if (outcome.kind !== 'deferred') return []
  const { connector, lane } = work.envelope
  const again = { ...message, attempts: message.attempts + 1 }
  const envelope = { envelopeId: uuidv7(), connector, lane, messages: [again] }
  return [
    {
      envelopeId: envelope.envelopeId,
      dueAtMs: outcome.dueAtMs,
      queue: submitQueue(connector, lane),
      payload: encodeEnvelope(envelope),
      messages: 1,
    },
  ]
}
