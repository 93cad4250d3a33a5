// Sends batches to SQS and repeats what failed, with growing pauses, until a deadline. A batch
// request can succeed for some entries and fail for others, so each item has its own outcome.

import { setTimeout as pause } from 'node:timers/promises'
import { backOffMs } from '../../flow/backOff.ts'
import { FairTurns } from '../../flow/fairTurns.ts'
import type { QueueUrls } from './queueUrls.ts'
import { entryErrorOf, SqsError, sqsErrorOf } from './sqsError.ts'
import { type BatchResult, REQUEST_TIMEOUT_MS } from './sqsRequests.ts'
import type { SqsAction, SqsFigures } from './sqsRequests.ts'

/** SQS API Reference, SendMessageBatch: a request has at most 10 entries. */
export const BATCH_ENTRIES_MAX = 10
/** Each queue has its turn, so a queue with much to send does not delay the others. */
const REQUESTS_AT_ONCE = 16
const PAUSE_FIRST_MS = 50
const PAUSE_CAP_MS = 1_000

export interface Batch<Item> {
  readonly action: SqsAction
  readonly queue: string
  /** As many as fit into one request. */
  readonly items: readonly Item[]
  /** Sends these items in one request, where the id of an entry is the index of its item. */
  readonly send: (url: string, items: readonly Item[], timeoutMs: number) => Promise<BatchResult>
  /** Whether to create the queue again if it no longer exists. */
  readonly createsQueue: boolean
  readonly deadlineMs: number
}

/** An item that SQS did not confirm. */
export interface Undone<Item> {
  readonly item: Item
  readonly error: SqsError
  /** Whether a request for the item may have been carried out. */
  readonly mayBeDone: boolean
}

interface Pending<Item> {
  readonly item: Item
  readonly mayBeDone: boolean
}

export class BatchSender {
  #urls: QueueUrls
  #figures: SqsFigures
  #now: () => number
  #turns = new FairTurns(REQUESTS_AT_ONCE)

  /** @param now monotonic milliseconds, by which deadlines are measured */
  constructor(urls: QueueUrls, figures: SqsFigures, now: () => number) {
    this.#urls = urls
    this.#figures = figures
    this.#now = now
  }

  /** Resolves with the items that SQS refused or did not confirm before the deadline. */
  async send<Item>(batch: Batch<Item>): Promise<Undone<Item>[]> {
    const refused: Undone<Item>[] = []
    let failed = await this.#attempt(
      batch,
      batch.items.map((item) => ({ item, mayBeDone: false })),
    )
    for (let attempt = 0; ; attempt++) {
      refused.push(...failed.filter(({ error }) => isFinal(error, batch)))
      failed = failed.filter(({ error }) => !isFinal(error, batch))
      const pauseMs = backOffMs(attempt, PAUSE_FIRST_MS, PAUSE_CAP_MS)
      if (failed.length === 0 || this.#now() + pauseMs >= batch.deadlineMs) break
      await pause(pauseMs)
      failed = await this.#attempt(batch, failed)
    }
    return [...refused, ...failed]
  }

  async #attempt<Item>(
    batch: Batch<Item>,
    pending: readonly Pending<Item>[],
  ): Promise<Undone<Item>[]> {
    const isWanted = () => this.#now() < batch.deadlineMs
    const undone = await this.#turns.take(
      batch.queue,
      () => this.#request(batch, pending),
      isWanted,
    )
    return undone ?? failuresOf(pending, overdue(batch.action))
  }

  async #request<Item>(
    batch: Batch<Item>,
    pending: readonly Pending<Item>[],
  ): Promise<Undone<Item>[]> {
    const { action, deadlineMs, queue, send } = batch
    let url: string
    try {
      url = await this.#urls.of(queue)
    } catch (thrown) {
      // Whatever became of that request, nothing was done with the items.
      return failuresOf(pending, sqsErrorOf(action, thrown))
    }
    const timeoutMs = Math.min(REQUEST_TIMEOUT_MS, deadlineMs - this.#now())
    if (timeoutMs <= 0) return failuresOf(pending, overdue(action))
    try {
      const items = pending.map(({ item }) => item)
      return this.#undoneOf(action, pending, await send(url, items, timeoutMs))
    } catch (thrown) {
      const error = sqsErrorOf(action, thrown)
      if (error.kind === 'noQueue') this.#urls.forget(queue)
      return failuresOf(pending, error, error.kind === 'unanswered')
    }
  }

  #undoneOf<Item>(
    action: SqsAction,
    pending: readonly Pending<Item>[],
    { Failed = [], Successful = [] }: BatchResult,
  ): Undone<Item>[] {
    const done = new Set(Successful.map(({ Id }) => Number(Id)))
    const failures = new Map(Failed.map((entry) => [Number(entry.Id), entry]))
    return pending.flatMap((one, index) => {
      if (done.has(index)) return []
      const entry = failures.get(index)
      const error = entry ? entryErrorOf(action, entry) : missing(action)
      if (error.isThrottle) this.#figures.throttled++
      return failuresOf([one], error, error.kind === 'unanswered')
    })
  }
}

function failuresOf<Item>(
  pending: readonly Pending<Item>[],
  error: SqsError,
  mayBeDone = false,
): Undone<Item>[] {
  return pending.map((one) => ({
    item: one.item,
    error,
    mayBeDone: one.mayBeDone || mayBeDone,
  }))
}

function isFinal(
  { kind }: SqsError,
  { createsQueue }: { readonly createsQueue: boolean },
): boolean {
  return kind === 'refused' || kind === 'entryRefused' || (kind === 'noQueue' && !createsQueue)
}

function overdue(action: SqsAction): SqsError {
  const message = `there was no time left for ${action}, because many requests to SQS were waiting`
  return new SqsError(message, { kind: 'notDone', code: 'SQS_BUSY' })
}

function missing(action: SqsAction): SqsError {
  const message = `the answer of SQS to ${action} lacked an entry`
  return new SqsError(message, { kind: 'unanswered', code: 'SQS_ENTRY_MISSING' })
}
