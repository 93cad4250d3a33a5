// The queue port on Amazon SQS, with standard queues. An envelope is one message. A publication is
// durable when SQS has confirmed it, and a lost confirmation may publish it twice. Queues are
// created when they are first used, and keep envelopes for 14 days. Nothing on SQS moves an
// envelope elsewhere because it was received many times.
//
// A lease is the visibility timeout, in whole seconds and at most 12 hours, counted from the
// receive. So an envelope that is returned with a longer delay becomes visible after 12 hours.

import type {
  DeadLetters,
  Publication,
  PublishVerdict,
  Queue,
  QueueEntry,
  SettledEntry,
  SubscribeOptions,
  Subscription,
} from '../queue.ts'
import { BatchSender } from './batchSender.ts'
import { QueueUrls } from './queueUrls.ts'
import { ReceiptHandles } from './receiptHandles.ts'
import { SqsPublisher } from './sqsPublisher.ts'
import { SqsReceiver } from './sqsReceiver.ts'
import type { SqsRequests } from './sqsRequests.ts'
import { SqsSettler } from './sqsSettler.ts'
import { SqsSubscription } from './sqsSubscription.ts'

export interface SqsQueueOptions {
  /** Stores dead letters, before their envelopes are deleted. */
  readonly setAside: DeadLetters['setAside']
  /** How long a publication is tried. Default: 5 s. */
  readonly publishTimeoutMs?: number
  /** How long SQS holds a poll while there is nothing to receive. Default and maximum: 20 s. */
  readonly pollSeconds?: number
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

const PUBLISH_TIMEOUT_MS = 5_000
/** The maximum (SQS API Reference, ReceiveMessage). Polls are billed by number, not by time. */
const POLL_SECONDS = 20

export class SqsQueue implements Queue {
  #publisher: SqsPublisher
  #receiver: SqsReceiver
  #settler: SqsSettler
  #pollSeconds: number
  #now: () => number

  /** @param requests connections from openSqsClient(), which the queue does not close */
  constructor(requests: SqsRequests, options: SqsQueueOptions) {
    const { now = () => performance.now(), publishTimeoutMs: timeoutMs = PUBLISH_TIMEOUT_MS } =
      options
    const urls = new QueueUrls(requests)
    const handles = new ReceiptHandles(now)
    // Settlements do not wait behind publications.
    const newSender = () => new BatchSender(urls, requests.figures, now)
    this.#publisher = new SqsPublisher(requests, newSender(), { timeoutMs, now })
    this.#receiver = new SqsReceiver(requests, urls, handles)
    this.#settler = new SqsSettler(requests, newSender(), handles, {
      setAside: options.setAside,
      now,
    })
    this.#pollSeconds = options.pollSeconds ?? POLL_SECONDS
    this.#now = now
  }

  publish(publications: readonly Publication[]): Promise<readonly PublishVerdict[]> {
    return this.#publisher.publish(publications)
  }

  subscribe(queue: string, options: SubscribeOptions): Subscription {
    const times = { waitSeconds: this.#pollSeconds, now: this.#now }
    return new SqsSubscription(this.#receiver, queue, options, times)
  }

  /** Short polls, which may miss visible envelopes (SQS API Reference, ReceiveMessage). */
  receive(queue: string, max: number, leaseMs: number, maxOctets?: number): Promise<QueueEntry[]> {
    return this.#receiver.receiveUpTo(queue, max, leaseMs, maxOctets)
  }

  extend(entries: readonly QueueEntry[], leaseMs: number): Promise<void> {
    return this.#settler.extend(entries, leaseMs)
  }

  settle(settled: readonly SettledEntry[]): Promise<void> {
    return this.#settler.settle(settled)
  }
}
