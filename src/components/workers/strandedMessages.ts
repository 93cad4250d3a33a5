// Ends messages that wait for a connector that no longer exists. A connector can be deleted only
// while no message waits for it. A router or worker that does not know of the deletion yet may
// still publish a message for that connector, and no worker would ever receive the message. Such a
// message fails with a reason in its trace, and its customer gets a receipt.
//
// Only the database decides whether a connector was deleted, never this process's copy of the
// platform. Messages are ended one minute after the deletion, when every process knows of it, and
// only if their envelope is at least a minute old. If a connector is created again under the same
// id, new envelopes on its queue are therefore too young to be ended. Each envelope is claimed
// before its messages are ended, so any number of workers may do this work.

import { asError } from '../../flow/asError.ts'
import type { SteadyClock } from '../../flow/steadyClock.ts'
import { CONNECTOR_DELETED } from '../../message/connectorDeleted.ts'
import { timeOf } from '../../message/ids.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import { WireError } from '../../message/msgpackWire.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import { decodeEnvelope, submitQueues } from '../../queue/envelopeWire.ts'
import type { Queue, QueueEntry, QueueUpkeep, SettledEntry, Settlement } from '../../queue/queue.ts'
import { newerVersionSettlement } from '../newerVersion.ts'
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
  /** The ids of deleted connectors, each with the platform revision of its deletion. */
  deletedConnectors: () => Promise<ReadonlyMap<string, number>>
  clock: Pick<SteadyClock, 'nowMs'>
  onTrouble: (what: string, error: Error) => void
  now?: () => number
}

interface Deletion {
  revision: number
  /** When this process first saw the deletion, in monotonic ms. */
  sinceMs: number
}

interface Ended extends SettledEntry {
  /** The id of the envelope, if it was claimed. */
  claimed?: string
}

/**
 * The waiting time after a deletion. No process needs longer to notice a change of the platform.
 */
const WAIT_MS = 60_000
/** Envelopes per batch. The deleted connectors are read again before each batch. */
const RECEIVE_MAX = 50
const RETRY_OPEN_MS = 1_000

export class StrandedMessages {
  #options: StrandedMessagesOptions
  #now: () => number
  #deletions = new Map<string, Deletion>()
  #gone: readonly string[] = []
  /** The number of ended messages by connector. The metrics read it at each scrape. */
  readonly endedByConnector = new Map<string, number>()

  constructor(options: StrandedMessagesOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /**
   * The queues whose messages are ended. Messages in the table `later` return to them immediately.
   */
  get queues(): readonly string[] {
    return this.#gone.flatMap(submitQueues)
  }

  /**
   * Ends one batch of messages. Returns the number of finished envelopes, or 0 if nothing is left
   * to do.
   */
  async endSome(): Promise<number> {
    // The id of an envelope contains its creation time.
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
        // If the connector was created and deleted again in the meantime, its revision is
        // different.
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
    let isSettled = false
    try {
      await queue.settle(ended)
      isSettled = true
    } finally {
      for (const { claimed, settlement } of ended)
        if (claimed !== undefined)
          ownership.letGo(claimed, !isSettled || settlement.kind === 'retry')
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
          : (newerVersionSettlement(error) ?? { kind: 'retry', delayMs: RETRY_OPEN_MS })
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
    // The command_status is 0, because no SMSC refused the message. If it was submitted before a
    // link was lost, a receipt for it may still arrive.
    return { kind: 'failed', atMs, commandStatus: 0, reason: CONNECTOR_DELETED }
  }

  #count(connector: string, messages: number): void {
    const before = this.endedByConnector.get(connector) ?? 0
    this.endedByConnector.set(connector, before + messages)
  }
}
