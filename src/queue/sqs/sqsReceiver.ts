import type { Message } from '@aws-sdk/client-sqs'
import type { QueueEntry } from '../queue.ts'
import type { QueueUrls } from './queueUrls.ts'
import type { ReceiptHandles } from './receiptHandles.ts'
import { SqsError } from './sqsError.ts'
import { PAYLOAD_OCTETS_MAX } from './sqsPublisher.ts'
import type { SqsRequests } from './sqsRequests.ts'

/** SQS API Reference, ReceiveMessage: up to 10 messages, and up to 12 hours of invisibility. */
export const RECEIVE_MAX = 10
const LEASE_SECONDS_MAX = 12 * 60 * 60

export interface ReceiveOptions {
  readonly max: number
  readonly leaseMs: number
  /** How long SQS waits for an envelope. */
  readonly waitSeconds: number
  readonly signal?: AbortSignal
}

/** Receives envelopes and remembers their handles. */
export class SqsReceiver {
  #requests: SqsRequests
  #urls: QueueUrls
  #handles: ReceiptHandles

  constructor(requests: SqsRequests, urls: QueueUrls, handles: ReceiptHandles) {
    this.#requests = requests
    this.#urls = urls
    this.#handles = handles
  }

  /** One request. Rejects with an SqsError. */
  async receive(queue: string, options: ReceiveOptions): Promise<QueueEntry[]> {
    const { leaseMs, max, signal, waitSeconds } = options
    const leaseSeconds = Math.min(Math.max(1, Math.ceil(leaseMs / 1_000)), LEASE_SECONDS_MAX)
    const url = await this.#urls.of(queue)
    try {
      const messages = await this.#requests.receive(url, {
        max: Math.min(max, RECEIVE_MAX),
        leaseSeconds,
        waitSeconds,
        ...(signal && { signal }),
      })
      return messages.map((message) => this.#entryOf(queue, message, leaseSeconds * 1_000))
    } catch (error) {
      if (error instanceof SqsError && error.kind === 'noQueue') this.#urls.forget(queue)
      throw error
    }
  }

  /** Leases up to `max` visible envelopes in several requests. */
  async receiveUpTo(
    queue: string,
    max: number,
    leaseMs: number,
    maxOctets = Number.POSITIVE_INFINITY,
  ): Promise<QueueEntry[]> {
    const received: QueueEntry[] = []
    let octets = 0
    while (received.length < max && octets < maxOctets) {
      const wanted = Math.min(max - received.length, RECEIVE_MAX, envelopesIn(maxOctets - octets))
      const entries = await this.receive(queue, { max: wanted, leaseMs, waitSeconds: 0 })
      received.push(...entries)
      for (const { payload } of entries) octets += payload.length
      if (entries.length < wanted) break
    }
    return received
  }

  #entryOf(queue: string, message: Message, leaseMs: number): QueueEntry {
    const { Attributes, Body = '', MessageId = '', ReceiptHandle = '' } = message
    this.#handles.received(MessageId, ReceiptHandle, leaseMs)
    return {
      id: MessageId,
      queue,
      payload: Buffer.from(Body, 'base64'),
      receives: Number(Attributes?.ApproximateReceiveCount ?? 1),
    }
  }
}

/**
 * How many envelopes of any size may be received, so that all but the last are below the limit
 * together. SQS limits a receive by number only.
 */
export function envelopesIn(octets: number): number {
  return Math.max(1, Math.ceil(octets / PAYLOAD_OCTETS_MAX))
}
