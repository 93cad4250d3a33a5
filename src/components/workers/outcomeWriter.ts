// Makes outcomes durable, in batches that form by themselves. The checkpoints of the envelopes are
// written in one transaction with the messages that must wait. The journal's events of what an SMSC
// took are published beside it, all others after it. Only then are complete envelopes let go of.
// While the database is away the batch is tried again, because nothing else may be done with it.
// What the database refuses for good is found among the rest: that message fails by itself, and
// everything else is kept.

import { uuidv7 } from 'uuidv7'
import { encodeEnvelope, ENVELOPE_MAX_OCTETS, submitQueue } from '../../queue/envelopeWire.ts'
import type { Lane } from '../../message/lane.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import { Batcher } from '../../flow/batcher.ts'
import { errorAbout } from '../../flow/errorAbout.ts'
import { untilDone } from '../../flow/untilDone.ts'
import type { Publication } from '../../queue/queue.ts'
import type { Checkpoint } from '../../message/checkpointTable.ts'
import { reasonText } from '../../message/reasonText.ts'
import type { LaterEntry } from '../../message/waitingMessageTable.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import { doesHarm } from '../doesHarm.ts'
import type { EnvelopeWork } from './envelopeWork.ts'
import { failedInstead } from './failedInstead.ts'
import { type FreshOutcome, keepOutcomes } from './keepOutcomes.ts'
import type { WaitingMessage, WorkOutcomes } from './keepOutcomes.ts'
import { publishEvents, type Report } from './publishEvents.ts'

export interface OutcomeStore {
  /**
   * Keeps both or neither: a message is in `later` if a checkpoint calls it deferred or moved.
   * Answers the ids of the envelopes that were kept; the others belong to somebody else by now.
   */
  keep(
    checkpoints: readonly Checkpoint[],
    waiting: readonly WaitingMessage[],
  ): Promise<ReadonlySet<string>>
  publish(publications: readonly Publication[]): Promise<void>
}

type Item =
  | ({ kind: 'recorded'; work: EnvelopeWork } & FreshOutcome)
  | { kind: 'late'; work: EnvelopeWork; message: EnvelopeMessage; outcome: Outcome }
  | { kind: 'resumed'; work: EnvelopeWork }
  | { kind: 'released'; work: EnvelopeWork; delayMs: number }

const MAX_OUTCOMES = 2_000
/** Octets of the messages in one write, as their events and waiting rows carry them. */
const MAX_OCTETS = 1_024 * 1_024

export class OutcomeWriter {
  #store: OutcomeStore
  #onTrouble: (what: string, error: Error) => void
  #batcher: Batcher<Item>
  /** Added up in plain numbers; metrics read them when scraped. */
  readonly counters = { refused: 0 }

  constructor(store: OutcomeStore, onTrouble: (what: string, error: Error) => void) {
    this.#store = store
    this.#onTrouble = onTrouble
    this.#batcher = new Batcher({
      send: (items) => this.#write(items),
      onError: (error) => onTrouble('writing outcomes', error),
      maxItems: MAX_OUTCOMES,
      octetsOf,
      maxOctets: MAX_OCTETS,
    })
  }

  /** Records the outcome of one message of an envelope. */
  record(work: EnvelopeWork, index: number, given: Outcome): void {
    const message = work.envelope.messages[index]
    if (!message) return
    const outcome = bounded(given)
    const unanswered = work.unanswered(index)
    if (!work.record(index, outcome)) return this.late(work, message, outcome)
    const later = laterEntry(work, { ...message, unanswered }, outcome)
    this.#batcher.add({ kind: 'recorded', work, index, message, outcome, ...(later && { later }) })
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
    this.#batcher.add({ kind: 'late', work, message, outcome })
  }

  /** Outcomes that no write has taken up yet. */
  get waiting(): number {
    return this.#batcher.waiting
  }

  whenIdle(): Promise<void> {
    return this.#batcher.whenIdle()
  }

  async #write(items: Item[]): Promise<void> {
    const works = outcomesByWork(items)
    const publish = (publications: readonly Publication[]) => this.#publish(publications)
    const reports = items.flatMap(reportsOf)
    // What the SMSC took has happened, whoever owns the envelope by now.
    const taken = reports.filter(isTaken)
    const [refused, untold] = await Promise.all([
      keepOutcomes(works, (checkpoints, waiting) =>
        this.#attempt('keeping outcomes', () => this.#store.keep(checkpoints, waiting)),
      ),
      publishEvents(taken, publish),
    ])
    // Everything else is for its owner to decide, and keeping it has told who that is.
    const decided = reports.filter((report) => !isTaken(report) && report.work.isOurs)
    untold.push(...(await publishEvents(decided, publish)))
    const instead: Report[] = []
    for (const { work, message, outcome, error } of refused) {
      this.#refused('refused the outcome', message, error)
      // The events of the other kinds say how the message ended.
      if (outcome.kind === 'deferred' || outcome.kind === 'moved')
        instead.push({ work, message, outcome: failedInstead(outcome, error) })
    }
    for (const { item, error } of untold) {
      this.#refused('refused the event', item.message, error)
      if (!item.isLate) instead.push({ ...item, outcome: failedInstead(item.outcome, error) })
    }
    const unsaid = await publishEvents(instead, publish)
    for (const { item, error } of unsaid)
      item.work.setAside(`the event of ${item.message.messageId}: ${String(error)}`)
    for (const { work } of works) if (work.complete) work.finish()
    for (const item of items) if (item.kind === 'released') item.work.release(item.delayMs)
  }

  async #publish(publications: readonly Publication[]): Promise<Error | undefined> {
    const done = await this.#attempt('publishing outcomes', () => this.#store.publish(publications))
    return done instanceof Error ? done : undefined
  }

  /** Tries until it is done, or until the store refuses it for good: answers that error then. */
  async #attempt<Result>(what: string, work: () => Promise<Result>): Promise<Result | Error> {
    let answer: Result | Error = new Error(`${what}: given up`)
    const attempt = async (): Promise<void> => {
      try {
        answer = await work()
      } catch (error) {
        if (!doesHarm(error)) throw error
        answer = error
      }
    }
    await untilDone(attempt, { onTrouble: (error) => this.#onTrouble(what, error) })
    return answer
  }

  #refused(what: string, message: EnvelopeMessage, error: Error): void {
    this.counters.refused++
    const about = errorAbout(`message ${message.messageId}`, error)
    this.#onTrouble(`the database ${what}; the message fails alone`, about)
  }
}

function octetsOf(item: Item): number {
  switch (item.kind) {
    case 'recorded':
    case 'late':
      return item.message.body.length
    case 'resumed':
      return ENVELOPE_MAX_OCTETS
    case 'released':
      return 0
  }
}

/** The reason of a failure may quote what a customer or an SMSC wrote. */
function bounded(outcome: Outcome): Outcome {
  return outcome.kind === 'failed' ? { ...outcome, reason: reasonText(outcome.reason) } : outcome
}

function outcomesByWork(items: readonly Item[]): WorkOutcomes[] {
  const freshByWork = new Map<EnvelopeWork, FreshOutcome[]>()
  const released = new Set<EnvelopeWork>()
  for (const item of items) {
    if (item.kind === 'late' || !item.work.isOurs) continue
    if (item.kind === 'released') released.add(item.work)
    let fresh = freshByWork.get(item.work)
    if (!fresh) freshByWork.set(item.work, (fresh = []))
    if (item.kind === 'recorded') fresh.push(item)
  }
  return [...freshByWork].map(([work, fresh]) => ({
    work,
    fresh,
    isReleased: released.has(work),
  }))
}

function reportsOf(item: Item): Report[] {
  switch (item.kind) {
    case 'recorded':
      return [item]
    case 'late':
      return [{ ...item, isLate: true }]
    case 'resumed':
      return item.work.outcomes().map((one) => ({ ...one, work: item.work }))
    case 'released':
      return []
  }
}

function isTaken({ outcome }: Report): boolean {
  return outcome.kind === 'submitted'
}

function laterEntry(
  { envelope: { connector, lane } }: EnvelopeWork,
  message: EnvelopeMessage,
  outcome: Outcome,
): LaterEntry | undefined {
  switch (outcome.kind) {
    case 'deferred':
      return waitingOn(connector, lane, nextAttempt(message), outcome.dueAtMs)
    case 'moved':
      return waitingOn(outcome.to, lane, message, outcome.atMs)
    default:
      return undefined
  }
}

function nextAttempt(message: EnvelopeMessage): EnvelopeMessage {
  return { ...message, attempts: message.attempts + 1 }
}

function waitingOn(
  connector: string,
  lane: Lane,
  message: EnvelopeMessage,
  dueAtMs: number,
): LaterEntry {
  const envelope = { envelopeId: uuidv7(), connector, lane, messages: [message] }
  return {
    envelopeId: envelope.envelopeId,
    dueAtMs,
    queue: submitQueue(connector, lane),
    payload: encodeEnvelope(envelope),
    messages: 1,
  }
}
