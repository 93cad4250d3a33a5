// Publishes the admitted messages of several gateway batches in one transaction. Only after that
// transaction does each batch get its answer: the verdicts on its messages. If a batch was
// published before, it gets the answer of its first publication. If the queue is unavailable, all
// batches of the attempt are rejected, and it is unknown whether they were published. A gateway
// then sends its batch again. If the batch was published, the gateway gets the answer of that
// publication.

import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import assert from 'node:assert'
import { asError } from '../../flow/asError.ts'
import { Batcher } from '../../flow/batcher.ts'
import { type Addressed, packEnvelopes } from '../../queue/packEnvelopes.ts'
import type { OncePublisher } from '../../queue/queue.ts'
import type { BatchCall } from './batchServer.ts'

export interface BatchPublisherOptions {
  queue: OncePublisher
  /** The pace of a connector, in messages per second. */
  paceOf: (connector: string) => number
  /** Called once per transaction with the numbers of published batches and messages. */
  onPublished: (batches: number, messages: number) => void
  onError: (error: Error) => void
}

export interface AdmittedBatch {
  batchId: string
  /** The admitted messages. Empty if all messages of the batch were refused. */
  messages: readonly Addressed[]
  /** The encoded verdicts of the whole batch. */
  answer: Buffer
}

interface PendingBatch extends AdmittedBatch {
  isWanted: () => boolean
  resolve: (answer: Buffer) => void
  reject: (error: Error) => void
}

/** The maximum number of batches in one transaction, which keeps a transaction at a few MB. */
const MAX_BATCHES = 64
/** The number of concurrent transactions: one is prepared while the other waits for the disk. */
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
   * Resolves with the answer when every message is durable. Rejects if the outcome is unknown. It
   * also rejects if the gateway no longer waits for the answer. Such a gateway has already refused
   * the messages of the batch, so the batch must not be published.
   */
  publish(batch: AdmittedBatch, { isRetry, isWanted }: BatchCall): Promise<Buffer> {
    // All messages of a retry may be refused although the first attempt was accepted, for example
    // if a connector was disabled between the two attempts. So a retry is passed to the queue even
    // if it has no messages. If the first attempt was published, the queue returns the answer of
    // that attempt. Otherwise the queue records the answer of the retry as final. If another router
    // is publishing the batch, the queue first waits until that transaction ends.
    if (batch.messages.length === 0 && !isRetry) return Promise.resolve(batch.answer)
    return new Promise((resolve, reject) => {
      this.#batcher.add({ ...batch, isWanted, resolve, reject })
    })
  }

  whenIdle(): Promise<void> {
    return this.#batcher.whenIdle()
  }

  async #publish(batches: PendingBatch[]): Promise<void> {
    // If this process was suspended, it learns in the next iteration of the event loop which
    // gateways have disconnected.
    await turnOfTheLoop()
    // A gateway that gets no answer sends its batch again, so two copies of a batch may wait here
    // at the same time.
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
    for (const batch of batches)
      if (!batch.isWanted()) batch.reject(new Error('the gateway no longer waits for an answer'))
  }

  /**
   * Tries to publish one copy of each batch. If some batches were published before, this attempt
   * publishes nothing. It only settles those batches, with their first answers, and the caller then
   * tries again with the other batches.
   */
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
    assert(outcome.kind === 'repeated', 'publishOnce() reported a deadline, but a batch has none')
    assert(outcome.answers.size > 0, 'publishOnce() reported no answer for a repeated batch')
    for (const [batchId, answer] of outcome.answers) settle(batchId, answer)
  }
}
