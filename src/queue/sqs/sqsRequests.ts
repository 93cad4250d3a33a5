// The requests to SQS that the adapter makes, each with a deadline. A request that fails rejects
// with an SqsError, which says whether it may have been carried out. Nothing is repeated here.

import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  type ChangeMessageVisibilityBatchRequestEntry,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  type DeleteMessageBatchRequestEntry,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { SqsError, sqsErrorOf } from './sqsError.ts'
import { escapeName, sqsNameStart, unescapeName } from './sqsName.ts'

export type SqsAction =
  | 'ChangeMessageVisibilityBatch'
  | 'CreateQueue'
  | 'DeleteMessageBatch'
  | 'GetQueueAttributes'
  | 'GetQueueUrl'
  | 'ListQueues'
  | 'ListQueueTags'
  | 'ReceiveMessage'
  | 'SendMessageBatch'

/** What was sent and received since the start. SQS bills each request, and each 64 KiB of it. */
export interface SqsFigures {
  readonly requests: Record<SqsAction, number>
  emptyReceives: number
  /** The octets of message bodies, which are base64 text. */
  octetsSent: number
  octetsReceived: number
  /** Requests and entries of batches that SQS refused because there were too many. */
  throttled: number
  /** Settlements and extensions of envelopes whose lease had ended. */
  gone: number
}

export interface BatchResult {
  Successful: readonly { Id: string | undefined }[] | undefined
  Failed: readonly BatchResultErrorEntry[] | undefined
}

export interface Receive {
  max: number
  leaseSeconds: number
  waitSeconds: number
  signal?: AbortSignal
}

export const REQUEST_TIMEOUT_MS = 3_000
/** The longest retention there is (SQS API Reference, SetQueueAttributes). */
const RETENTION_SECONDS = 14 * 24 * 60 * 60
const LIST_PAGE = 1_000
const NAME_TAG = 'signalbox-queue'
const PREFIX_TAG = 'signalbox-prefix'
/** Amazon SQS Developer Guide, "Amazon SQS cost allocation tags". */
const TAG_VALUE_MAX = 256

interface CallOptions {
  timeoutMs?: number | undefined
  signal?: AbortSignal | undefined
}

export class SqsRequests {
  readonly prefix: string
  readonly figures: SqsFigures = {
    requests: {
      ChangeMessageVisibilityBatch: 0,
      CreateQueue: 0,
      DeleteMessageBatch: 0,
      GetQueueAttributes: 0,
      GetQueueUrl: 0,
      ListQueues: 0,
      ListQueueTags: 0,
      ReceiveMessage: 0,
      SendMessageBatch: 0,
    },
    emptyReceives: 0,
    octetsSent: 0,
    octetsReceived: 0,
    throttled: 0,
    gone: 0,
  }
  #client: SQSClient

  constructor(client: SQSClient, prefix: string) {
    this.#client = client
    this.prefix = prefix
  }

  /** Closes the connections. Requests in progress fail. */
  close(): void {
    this.#client.destroy()
  }

  async send(
    url: string,
    entries: SendMessageBatchRequestEntry[],
    timeoutMs: number,
  ): Promise<BatchResult> {
    for (const { MessageBody } of entries) this.figures.octetsSent += MessageBody?.length ?? 0
    const command = new SendMessageBatchCommand({ QueueUrl: url, Entries: entries })
    return this.#call('SendMessageBatch', (options) => this.#client.send(command, options), {
      timeoutMs,
    })
  }

  async delete(
    url: string,
    entries: DeleteMessageBatchRequestEntry[],
    timeoutMs: number,
  ): Promise<BatchResult> {
    const command = new DeleteMessageBatchCommand({ QueueUrl: url, Entries: entries })
    return this.#call('DeleteMessageBatch', (options) => this.#client.send(command, options), {
      timeoutMs,
    })
  }

  async changeVisibility(
    url: string,
    entries: ChangeMessageVisibilityBatchRequestEntry[],
    timeoutMs: number,
  ): Promise<BatchResult> {
    const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries: entries })
    return this.#call(
      'ChangeMessageVisibilityBatch',
      (options) => this.#client.send(command, options),
      { timeoutMs },
    )
  }

  async receive(url: string, receive: Receive): Promise<Message[]> {
    const { leaseSeconds, max, signal, waitSeconds } = receive
    const command = new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: max,
      VisibilityTimeout: leaseSeconds,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    })
    const timeoutMs = waitSeconds * 1_000 + REQUEST_TIMEOUT_MS
    const { Messages = [] } = await this.#call(
      'ReceiveMessage',
      (options) => this.#client.send(command, options),
      { timeoutMs, signal },
    )
    if (Messages.length === 0) this.figures.emptyReceives++
    for (const { Body } of Messages) this.figures.octetsReceived += Body?.length ?? 0
    return Messages
  }

  /** The URL of a queue; undefined if it does not exist. */
  async queueUrl(sqsName: string): Promise<string | undefined> {
    const command = new GetQueueUrlCommand({ QueueName: sqsName })
    try {
      return (await this.#call('GetQueueUrl', (options) => this.#client.send(command, options)))
        .QueueUrl
    } catch (error) {
      if (error instanceof SqsError && error.kind === 'noQueue') return undefined
      throw error
    }
  }

  /**
   * Creates a queue, or finds it if it exists with the same attributes. It has no dead-letter queue
   * on SQS, because envelopes that are received often are not bad for that reason.
   */
  async createQueue(sqsName: string, queue: string): Promise<string | undefined> {
    const name = escapeName(queue)
    const command = new CreateQueueCommand({
      QueueName: sqsName,
      Attributes: { MessageRetentionPeriod: String(RETENTION_SECONDS) },
      tags: {
        [PREFIX_TAG]: this.prefix,
        ...(name.length <= TAG_VALUE_MAX && { [NAME_TAG]: name }),
      },
    })
    return (await this.#call('CreateQueue', (options) => this.#client.send(command, options)))
      .QueueUrl
  }

  /** The URLs of all queues with our prefix. */
  async listQueues(): Promise<string[]> {
    const urls: string[] = []
    let nextToken: string | undefined
    do {
      // Without MaxResults the list ends after 1,000 queues (SQS API Reference, ListQueues).
      const command = new ListQueuesCommand({
        QueueNamePrefix: sqsNameStart(this.prefix),
        MaxResults: LIST_PAGE,
        NextToken: nextToken,
      })
      const page = await this.#call('ListQueues', (options) => this.#client.send(command, options))
      urls.push(...(page.QueueUrls ?? []))
      nextToken = page.NextToken
    } while (nextToken !== undefined)
    return urls
  }

  /** The name that a queue got from us, for queues whose SQS name does not tell. */
  async taggedName(url: string): Promise<string | undefined> {
    const command = new ListQueueTagsCommand({ QueueUrl: url })
    const name = (
      await this.#call('ListQueueTags', (options) => this.#client.send(command, options))
    ).Tags?.[NAME_TAG]
    return name === undefined ? undefined : unescapeName(name)
  }

  /**
   * The approximate number of messages of a queue, received and delayed messages included. SQS
   * updates it within about a minute (SQS API Reference, GetQueueAttributes).
   */
  async countMessages(url: string): Promise<number> {
    const command = new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    })
    const { Attributes = {} } = await this.#call('GetQueueAttributes', (options) =>
      this.#client.send(command, options),
    )
    return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0)
  }

  async #call<Output>(
    action: SqsAction,
    send: (options: { abortSignal: AbortSignal }) => Promise<Output>,
    { signal, timeoutMs = REQUEST_TIMEOUT_MS }: CallOptions = {},
  ): Promise<Output> {
    this.figures.requests[action]++
    const ending = new AbortController()
    const end = (): void => ending.abort()
    const timer = setTimeout(end, Math.max(0, timeoutMs))
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
    try {
      return await send({ abortSignal: ending.signal })
    } catch (thrown) {
      const error = ending.signal.aborted ? unanswered(action, thrown) : sqsErrorOf(action, thrown)
      if (error.isThrottle) this.figures.throttled++
      throw error
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
    }
  }
}

function unanswered(action: SqsAction, cause: unknown): SqsError {
  const message = `SQS did not answer ${action} in time`
  return new SqsError(message, { kind: 'unanswered', code: 'ETIMEDOUT', cause })
}
