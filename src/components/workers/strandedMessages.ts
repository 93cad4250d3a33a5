// Ends messages that wait for a connector which no longer exists. A connector can be deleted only
// while no message waits for it, but a router or worker that has not heard of that may still send
// one on its way, and nobody would ever take it up. It fails, visibly, and its customer gets the
// receipt.
//
// Only the database says that a connector was deleted, never this process's picture of the
// platform. A minute later every process knows, and only envelopes that are a minute old are ended:
// those on the queue of a connector that was made anew under the same id are younger than our look.
// Each envelope is claimed first, so that any number of workers may do this.

import { asError } from '../../flow/asError.ts'
import type { SteadyClock } from '../../flow/steadyClock.ts'
import { CONNECTOR_DELETED } from '../../message/connectorDeleted.ts'
import { timeOf } from '../../message/ids.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import { WireError } from '../../message/msgpackWire.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import { decodeEnvelope, submitQueues } from '../../queue/envelopeWire.ts'
import type { Queue, QueueEntry, QueueUpkeep, SettledEntry, Settlement } from '../../queue/queue.ts'
import type { EnvelopeOwnership } from './envelopeOwnership.ts'
import { EnvelopeWork } from './envelopeWork.ts'
import type { OutcomeWriter } from './outcomeWriter.ts'

export interface StrandedMessagesOptions {
  queue: Queue
  queueLeaseMs: number
  upkeep: Pick<QueueUpkeep, 'messagesOn'>
  writer: Pick<OutcomeWriter, 'record' | 'resume'>
  ownership: Pick<EnvelopeOwnership, 'claim' | 'letGo' | 'retryHeldMs'>
  finishEnvelopes: (envelopeIds: readonly string[]) => Promise<void>
  /** The ids of the connectors that were deleted, each with the revision of the platform. */
  deletedConnectors: () => Promise<ReadonlyMap<string, number>>
  clock: Pick<SteadyClock, 'nowMs'>
  onTrouble: (what: string, error: Error) => void
  now?: () => number
}

interface Deletion {
  revision: number
  /** When this process saw it first (monotonic ms). */
  sinceMs: number
}

interface Ended extends SettledEntry {
  /** The id of the envelope, if it was claimed. */
  claimed?: string
}

/** Longer than any process needs to hear of a change. */
const WAIT_MS = 60_000
/** Envelopes in hand at once. Before more are taken, the database is asked again. */
const RECEIVE_MAX = 50
const RETRY_OPEN_MS = 1_000

export class StrandedMessages {
  #options: StrandedMessagesOptions
  #now: () => number
  #deletions = new Map<string, Deletion>()
  #gone: readonly string[] = []
  /** Messages that were ended, by connector; metrics read them when scraped. */
  readonly endedByConnector = new Map<string, number>()

  constructor(options: StrandedMessagesOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** Where messages are ended. Those that wait for another attempt return there at once. */
  get queues(): readonly string[] {
    return this.#gone.flatMap(submitQueues)
  }

  /** Ends some of them. Answers how many envelopes are done; after 0 there are no more for now. */
  async endSome(): Promise<number> {
    // Ids of envelopes carry the time of the process that made them.
    const madeBeforeMs = this.#options.clock.nowMs() - WAIT_MS
    this.#notice(await this.#options.deletedConnectors())
    const { queues } = this
    if (queues.length === 0 || (await this.#options.upkeep.messagesOn(queues)) === 0) return 0
    for (const name of queues) {
      const done = await this.#endOn(name, madeBeforeMs)
      if (done > 0) return done
    }
    return 0
  }

  #notice(deleted: ReadonlyMap<string, number>): void {
    const before = this.#deletions
    const nowMs = this.#now()
    this.#deletions = new Map(
      [...deleted].map(([id, revision]) => {
        const known = before.get(id)
        // One that was made and deleted again meanwhile has another revision.
        return [id, known?.revision === revision ? known : { revision, sinceMs: nowMs }]
      }),
    )
    this.#gone = [...this.#deletions].flatMap(([id, { sinceMs }]) =>
      nowMs - sinceMs >= WAIT_MS ? [id] : [],
    )
  }

  async #endOn(name: string, madeBeforeMs: number): Promise<number> {
    const { finishEnvelopes, ownership, queue, queueLeaseMs } = this.#options
    const entries = await queue.receive(name, RECEIVE_MAX, queueLeaseMs)
    if (entries.length === 0) return 0
    const ended = await Promise.all(entries.map((entry) => this.#end(entry, madeBeforeMs)))
    try {
      await queue.settle(ended)
    } finally {
      for (const { claimed, settlement } of ended)
        if (claimed !== undefined) ownership.letGo(claimed, settlement.kind === 'retry')
    }
    const done = ended.filter(({ settlement }) => settlement.kind !== 'retry')
    await finishEnvelopes(done.flatMap(({ claimed }) => claimed ?? []))
    return done.length
  }

  async #end(entry: QueueEntry, madeBeforeMs: number): Promise<Ended> {
    const { onTrouble, ownership } = this.#options
    const left = (delayMs: number): Ended => ({ entry, settlement: { kind: 'retry', delayMs } })
    let claimed: string | undefined
    try {
      const envelope = decodeEnvelope(entry.payload)
      const { envelopeId } = envelope
      if (timeOf(envelopeId) >= madeBeforeMs) return left(WAIT_MS)
      const claim = await ownership.claim(envelopeId, false)
      if (claim.kind === 'finished') return { entry, settlement: { kind: 'done' } }
      if (claim.kind === 'held') return left(ownership.retryHeldMs)
      claimed = envelopeId
      const settlement = await this.#endWork(new EnvelopeWork(envelope, claim))
      return { entry, settlement, claimed }
    } catch (error) {
      onTrouble(`ending the messages of ${entry.queue}`, asError(error))
      const settlement: Settlement =
        error instanceof WireError
          ? { kind: 'dead', reason: String(error) }
          : { kind: 'retry', delayMs: RETRY_OPEN_MS }
      return { entry, settlement, ...(claimed !== undefined && { claimed }) }
    }
  }

  async #endWork(work: EnvelopeWork): Promise<Settlement> {
    const { writer } = this.#options
    const { envelope, remaining } = work
    if (remaining.length < envelope.messages.length) writer.resume(work)
    for (const [index, message] of remaining) writer.record(work, index, this.#outcome(message))
    const settlement = await work.settlement
    if (settlement.kind !== 'retry') this.#count(envelope.connector, remaining.length)
    return settlement
  }

  #outcome({ expiresAtMs }: EnvelopeMessage): Outcome {
    const atMs = this.#options.clock.nowMs()
    if (expiresAtMs !== undefined && atMs >= expiresAtMs) return { kind: 'expired', atMs }
    // No command_status: it may have been submitted before the link was lost, and then a receipt
    // that comes after all is right.
    return { kind: 'failed', atMs, commandStatus: 0, reason: CONNECTOR_DELETED }
  }

  #count(connector: string, messages: number): void {
    const before = this.endedByConnector.get(connector) ?? 0
    this.endedByConnector.set(connector, before + messages)
  }
}
