// Publishes batches, many gateways' batches in one transaction, and only then answers them. A batch
// that was published before gets the answer it got then. When the store is away every batch in the
// attempt is told so; whether it was published is unknown, and a retry of the same batch finds out.

import assert from 'node:assert'
import type { SubmissionBatch, Verdict } from '../../routing/routerCallWire.ts'
import { ACCEPTED, encodeVerdicts } from '../../routing/routerCallWire.ts'
import { asError } from '../../flow/asError.ts'
import { Batcher } from '../../flow/batcher.ts'
import type { Queue } from '../../queue/queue.ts'
import type { Admitter } from '../../routing/admission.ts'
import { type Admitted, packEnvelopes } from '../../queue/packEnvelopes.ts'

export interface BatchPublisherOptions {
  queue: Queue
  admitter: () => Admitter
  /** Messages a second of a connector. */
  paceOf: (connector: string) => number
  /** Counts per publish, not per message. */
  onPublished: (batches: number, messages: number) => void
  onRefused: (messages: number) => void
  onError: (error: Error) => void
}

interface PendingBatch {
  batchId: string
  admitted: Admitted[]
  answer: Buffer
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
   * The encoded verdicts, once every accepted message is durable. Rejects when that is unknown.
   *
   * @param isWanted false once nobody waits for the answer: the gateway refused the messages then,
   *   so what has not left yet must not be published any more
   */
  submit(batch: SubmissionBatch, isWanted: () => boolean): Promise<Buffer> {
    const admitter = this.#options.admitter()
    const admitted: Admitted[] = []
    const verdicts = batch.submissions.map((submission): Verdict => {
      const admission = admitter.admit(submission)
      if (admission.kind === 'refused') return admission
      admitted.push(admission)
      return ACCEPTED
    })
    this.#options.onRefused(verdicts.length - admitted.length)
    const answer = encodeVerdicts(verdicts)
    if (admitted.length === 0) return Promise.resolve(answer)
    return new Promise((resolve, reject) => {
      this.#batcher.add({ batchId: batch.batchId, admitted, answer, isWanted, resolve, reject })
    })
  }

  whenIdle(): Promise<void> {
    return this.#batcher.whenIdle()
  }

  async #publish(batches: PendingBatch[]): Promise<void> {
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

  /** Publishes one of each; those that had been published before are answered and left out. */
  async #attempt(
    copies: PendingBatch[][],
    settle: (batchId: string, answer: Buffer) => void,
  ): Promise<void> {
    const fresh = copies.flatMap(([first]) => first ?? [])
    const messages = fresh.flatMap((batch) => batch.admitted)
    const publications = packEnvelopes(messages, this.#options.paceOf)
    const outcome = await this.#options.queue.publishOnce(publications, fresh)
    if (outcome.kind === 'published') {
      for (const { answer, batchId } of fresh) settle(batchId, answer)
      return this.#options.onPublished(fresh.length, messages.length)
    }
    assert(outcome.answers.size > 0, 'a repeated batch has an answer')
    for (const [batchId, answer] of outcome.answers) settle(batchId, answer)
  }
}
