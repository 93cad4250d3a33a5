import { createHash } from 'node:crypto'
import { asError } from '../../flow/asError.ts'
import { slicesWithin } from '../../flow/slicesWithin.ts'
import type { Publication, PublishVerdict } from '../queue.ts'
import { BATCH_ENTRIES_MAX, type BatchSender } from './batchSender.ts'
import type { SqsRequests } from './sqsRequests.ts'

/**
 * SQS bills each 64 KiB of a message as a request (Amazon SQS pricing), and its messages are text
 * (SQS API Reference, SendMessage). Base64 turns 48 KiB into exactly 64 KiB.
 */
export const PAYLOAD_OCTETS_MAX = 48 * 1024
/**
 * SendMessageBatch accepts 1 MiB since August 2025 (AWS What's New, "Amazon SQS increases maximum
 * message payload size to 1 MiB"), and 256 KiB before. Some servers still have the former limit.
 */
const BATCH_OCTETS_MAX = 256 * 1024
/** SQS API Reference, SendMessageBatchRequestEntry: up to 128 letters, digits and punctuation. */
const GROUP = /^[\x21-\x7e]{1,128}$/

interface Letter {
  readonly index: number
  readonly body: string
  readonly group: string | undefined
}

export interface PublisherOptions {
  readonly timeoutMs: number
  readonly now: () => number
}

/**
 * Publishes with one verdict per publication. What SQS refuses has failed. Throttling, errors of
 * the server and lost answers are repeated until the deadline, so a publication may be on its queue
 * twice. If it is not confirmed by then, its outcome is unknown if a request may have been carried
 * out.
 */
export class SqsPublisher {
  #requests: SqsRequests
  #batches: BatchSender
  #options: PublisherOptions

  constructor(requests: SqsRequests, batches: BatchSender, options: PublisherOptions) {
    this.#requests = requests
    this.#batches = batches
    this.#options = options
  }

  async publish(publications: readonly Publication[]): Promise<PublishVerdict[]> {
    const verdicts: PublishVerdict[] = publications.map(() => ({ kind: 'durable' }))
    const deadlineMs = this.#options.now() + this.#options.timeoutMs
    const letters = new Map<string, Letter[]>()
    for (const [index, { group, payload, queue }] of publications.entries()) {
      const error = sizeError(payload)
      const letter = { index, body: payload.toString('base64'), group }
      if (error) verdicts[index] = { kind: 'failed', error }
      else if (!letters.get(queue)?.push(letter)) letters.set(queue, [letter])
    }
    const limits = { items: BATCH_ENTRIES_MAX, octets: BATCH_OCTETS_MAX }
    const sends = [...letters].flatMap(([queue, own]) =>
      slicesWithin(own, limits, ({ body }) => body.length).map((slice) =>
        this.#send(queue, slice, verdicts, deadlineMs),
      ),
    )
    await Promise.all(sends)
    return verdicts
  }

  async #send(
    queue: string,
    letters: readonly Letter[],
    verdicts: PublishVerdict[],
    deadlineMs: number,
  ): Promise<void> {
    try {
      const undone = await this.#batches.send({
        action: 'SendMessageBatch',
        queue,
        items: letters,
        send: (url, items, timeoutMs) => this.#requests.send(url, items.map(entryOf), timeoutMs),
        createsQueue: true,
        deadlineMs,
      })
      for (const { error, item, mayBeDone } of undone)
        verdicts[item.index] = { kind: mayBeDone ? 'unknown' : 'failed', error }
    } catch (thrown) {
      const error = asError(thrown)
      for (const { index } of letters) verdicts[index] = { kind: 'unknown', error }
    }
  }
}

function entryOf({ body, group }: Letter, index: number) {
  return {
    Id: String(index),
    MessageBody: body,
    ...(group !== undefined && { MessageGroupId: groupIdOf(group) }),
  }
}

/** Fair queues only compare the groups, so a digest does as well as an illegal name. */
function groupIdOf(group: string): string {
  return GROUP.test(group) ? group : createHash('sha256').update(group).digest('hex')
}

function sizeError({ length }: Buffer): Error | undefined {
  if (length > 0 && length <= PAYLOAD_OCTETS_MAX) return undefined
  const message =
    `a payload for SQS has 1 to ${PAYLOAD_OCTETS_MAX} octets, and this one has ${length}. ` +
    'Publish smaller envelopes'
  return Object.assign(new Error(message), { code: 'PAYLOAD_SIZE' })
}
