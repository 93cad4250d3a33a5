// Publishes the admitted messages of many gateways' batches in one transaction, and only then lets
// their answers go. A batch that was published before gets the answer it got then. If the queue is
// away, every batch of the attempt is rejected: whether it was published is unknown, and a retry of
// the same batch finds out.

import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import assert from 'node:assert'
import { asError } from '../../flow/asError.ts'
import { Batcher } from '../../flow/batcher.ts'
import { type Addressed, packEnvelopes } from '../../queue/packEnvelopes.ts'
import type { OncePublisher } from '../../queue/queue.ts'
import type { BatchCall } from './batchServer.ts'

export interface BatchPublisherOptions {
  queue: OncePublisher
  /** Messages a second of a connector. */
  paceOf: (connector: string) => number
  /** Counts per publish, not per message. */
  onPublished: (batches: number, messages: number) => void
  onError: (error: Error) => void
}

export interface AdmittedBatch {
  batchId: string
  /** Empty if all were refused. */
  messages: readonly Addressed[]
  /** The encoded verdicts of the whole batch. */
  answer: Buffer
}

interface PendingBatch extends AdmittedBatch {
  isWanted: () => boolean
  resolve: (answer: Buffer) => void
  reject: (error: Error) => void
}

/** Gateway batches in one publish; keeps a transaction at a few MB. */
const MAX_BATCHES = 64
/** Two, so that one packs while the other waits for the disk. */
const CONCURRENCY = 2

export class BatchPublisher {
  #options: BatchPublisherOptions
  #batcher: Batcher<PendingBatch>

  constructor(options: BatchPublisherOptions) {
    this.#options = options
    this.#batcher = new Batcher({
      send: (batches) => this.#publish(batches),
      onError: options.onError,
      maxItems: MAX_BATCHES,
      concurrency: CONCURRENCY,
    })
  }

  /**
   * Resolves with the answer once every message is durable. Rejects if that is unknown, and when
   * nobody waits for the answer any more: the gateway has refused the messages by then, so a batch
   * that has not left yet must not be published.
   */
  publish(batch: AdmittedBatch, { isRetry, isWanted }: BatchCall): Promise<Buffer> {
    // What is refused now may have been accepted the first time, when its connector was in service.
    // Its mark tells. Setting it waits for an attempt that is under way elsewhere.
    if (batch.messages.length === 0 && !isRetry) return Promise.resolve(batch.answer)
    return new Promise((resolve, reject) => {
      this.#batcher.add({ ...batch, isWanted, resolve, reject })
    })
  }

  whenIdle(): Promise<void> {
    return this.#batcher.whenIdle()
  }

  async #publish(batches: PendingBatch[]): Promise<void> {
    // After a stop of this process, one turn of the loop tells which gateways have gone meanwhile.
    await turnOfTheLoop()
    // A gateway that heard nothing sends its batch again, and both copies may wait here.
    const copies = Map.groupBy(
      batches.filter((batch) => batch.isWanted()),
      (batch) => batch.batchId,
    )
    const settle = (batchId: string, answer: Buffer): void => {
      for (const copy of copies.get(batchId) ?? []) copy.resolve(answer)
      copies.delete(batchId)
    }
    try {
      while (copies.size > 0) await this.#attempt([...copies.values()], settle)
    } catch (error) {
      const reason = asError(error)
      for (const batch of [...copies.values()].flat()) batch.reject(reason)
    }
    for (const batch of batches) if (!batch.isWanted()) batch.reject(new Error('nobody waits'))
  }

  /** Publishes one copy of each batch; those published before are answered and left out. */
  async #attempt(
    copies: PendingBatch[][],
    settle: (batchId: string, answer: Buffer) => void,
  ): Promise<void> {
    const fresh = copies.flatMap(([first]) => first ?? [])
    const messages = fresh.flatMap((batch) => batch.messages)
    const publications = packEnvelopes(messages, this.#options.paceOf)
    const outcome = await this.#options.queue.publishOnce(publications, fresh)
    if (outcome.kind === 'published') {
      for (const { answer, batchId } of fresh) settle(batchId, answer)
      const withMessages = fresh.filter((batch) => batch.messages.length > 0)
      return this.#options.onPublished(withMessages.length, messages.length)
    }
    assert(outcome.kind === 'repeated', 'a batch has no time to be published by')
    assert(outcome.answers.size > 0, 'a repeated batch has an answer')
    for (const [batchId, answer] of outcome.answers) settle(batchId, answer)
  }
}
