// Makes outcomes durable in batches. A batch collects the outcomes that arrive while the previous
// batch is written. One transaction writes the checkpoints of the envelopes, and a row for each
// message that must wait. Journal events of submitted messages are published at the same time, and
// all other events after the transaction. Complete envelopes are settled after that. While the
// database is unavailable, the batch is retried, because outcomes must not be dropped. If the
// database permanently refuses an outcome, only that message fails, and all other outcomes are
// stored.

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
   * Stores the checkpoints and the waiting messages together. Each message with the outcome
   * deferred or moved in its checkpoint therefore has a row in `later`. Resolves to the ids of the
   * envelopes that were stored. All other envelopes belong to another worker by now, and nothing is
   * stored for them.
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
/** The most octets of message bodies in one write. Events and waiting rows carry the bodies. */
const MAX_OCTETS = 1_024 * 1_024

export class OutcomeWriter {
  #store: OutcomeStore
  #onTrouble: (what: string, error: Error) => void
  #batcher: Batcher<Item>
  /** Plain counters that the metrics read at each scrape. */
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

  /** Publishes the events of all outcomes in the checkpoint of a redelivered envelope. */
  resume(work: EnvelopeWork): void {
    this.#batcher.add({ kind: 'resumed', work })
  }

  /**
   * Stores the outcomes so far of an unfinished envelope, and then releases the envelope. The queue
   * delivers it again after `delayMs`.
   */
  release(work: EnvelopeWork, delayMs = 0): void {
    this.#batcher.add({ kind: 'released', work, delayMs })
  }

  /** Publishes an event in addition to the recorded outcome, such as a late submit_sm_resp. */
  late(work: EnvelopeWork, message: EnvelopeMessage, outcome: Outcome): void {
    this.#batcher.add({ kind: 'late', work, message, outcome })
  }

  /** The number of outcomes that wait to be written. */
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
    // A submission that the SMSC accepted is published even if another worker owns the envelope.
    const taken = reports.filter(isTaken)
    const [refused, untold] = await Promise.all([
      keepOutcomes(works, (checkpoints, waiting) =>
        this.#attempt('keeping outcomes', () => this.#store.keep(checkpoints, waiting)),
      ),
      publishEvents(taken, publish),
    ])
    // All other outcomes are published only by the owner of the envelope. The write has shown which
    // envelopes this process owns.
    const decided = reports.filter((report) => !isTaken(report) && report.work.isOurs)
    untold.push(...(await publishEvents(decided, publish)))
    const instead: Report[] = []
    for (const { work, message, outcome, error } of refused) {
      this.#refused('refused the outcome', message, error)
      // For outcomes of all other kinds, the event already says how the message ended.
      if (outcome.kind === 'deferred' || outcome.kind === 'moved')
        instead.push({ work, message, outcome: failedInstead(outcome, error) })
    }
    for (const { item, error } of untold) {
      this.#refused('refused the event', item.message, error)
      if (!item.isLate) instead.push({ ...item, outcome: failedInstead(item.outcome, error) })
    }
    const unsaid = await publishEvents(instead, publish)
    for (const { item, error } of unsaid)
      item.work.setAside(
        `the event of ${item.message.messageId} cannot be published: ${String(error)}`,
      )
    for (const { work } of works) if (work.complete) work.finish()
    for (const item of items) if (item.kind === 'released') item.work.release(item.delayMs)
  }

  async #publish(publications: readonly Publication[]): Promise<Error | undefined> {
    const done = await this.#attempt('publishing outcomes', () => this.#store.publish(publications))
    return done instanceof Error ? done : undefined
  }

  /**
   * Repeats `work` until it succeeds. If the database permanently refuses it, returns the error.
   */
  async #attempt<Result>(what: string, work: () => Promise<Result>): Promise<Result | Error> {
    let answer: Result | Error = new Error(`${what} was given up`)
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
    this.#onTrouble(`the database ${what}; only this message fails`, about)
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

/** Makes a failure's reason safe to store, because it may contain text of a customer or an SMSC. */
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
