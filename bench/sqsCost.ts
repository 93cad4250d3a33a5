// What SQS bills for a message on its way from the router to a worker: publish, receive and delete.
// Envelopes are packed as in the router and consumed as in a worker. The SQS server counts requests
// and delays each answer by 15 ms, which is about the distance of SQS from a pod in its region.
import { setTimeout as after } from 'node:timers/promises'
import { Batcher } from '../src/flow/batcher.ts'
import { timeOf } from '../src/message/ids.ts'
import { JOURNAL_QUEUE } from '../src/message/journalWire.ts'
import { Consumer } from '../src/queue/consumer.ts'
import { decodeEnvelope, submitQueue } from '../src/queue/envelopeWire.ts'
import { openSqsClient } from '../src/queue/sqs/sqsClient.ts'
import { escapeName } from '../src/queue/sqs/sqsName.ts'
import { SqsQueue } from '../src/queue/sqs/sqsQueue.ts'
import { sqsUpkeep } from '../src/queue/sqs/sqsUpkeep.ts'
import { type Addressed, packEnvelopes } from '../src/queue/packEnvelopes.ts'
import type { DeadLetters } from '../src/queue/queue.ts'
import type { BenchOptions } from './benchOptions.ts'
import { type SqsUse, startCountingSqs } from './countingSqs.ts'
import { type Figure, figureOf, median } from './figure.ts'
import { waitingMessages } from './waitingMessages.ts'

const DELAY_MS = 15
const MESSAGES_PER_SECOND = 2_000
/** How often a gateway sends a batch at that rate. */
const BATCH_EVERY_MS = 20
/** The rest between two requests of one kind. It costs latency and saves requests. */
const MIN_INTERVAL_MS = 100
/** A settlement may wait, because its envelope is leased for far longer. */
const SETTLE_INTERVAL_MS = 1_000
const CONNECTOR = 'carrier'
const QUEUE = submitQueue(CONNECTOR, 'normal')
const LEASE_MS = 30_000
const BATCHES_MAX = 64
const DRAIN_MS_MAX = 30_000

export async function sqsCost({ rate = MESSAGES_PER_SECOND, seconds }: BenchOptions) {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' })
  const server = await startCountingSqs(DELAY_MS)
  const requests = openSqsClient({
    endpoint: server.endpoint,
    region: server.region,
    prefix: 'bench',
  })
  const queue = new SqsQueue(requests, NO_DEAD_LETTERS)
  const answerMs: number[] = []
  const receivedMs: number[] = []
  let accepted = 0
  const troubles: Error[] = []
  const batcher = new Batcher<GatewayBatch>({
    send: async (batches) => {
      const messages = batches.flatMap((batch) => batch.messages)
      const envelopes = packEnvelopes(messages, () => rate).filter(
        (one) => one.queue !== JOURNAL_QUEUE,
      )
      const verdicts = await queue.publish(envelopes)
      for (const [index, verdict] of verdicts.entries()) {
        if (verdict.kind === 'durable') accepted += envelopes[index]?.messages ?? 0
        else troubles.push(verdict.error)
      }
      for (const { sentMs } of batches) answerMs.push(performance.now() - sentMs)
    },
    onError: (error) => troubles.push(error),
    maxItems: BATCHES_MAX,
    concurrency: 2,
    minIntervalMs: MIN_INTERVAL_MS,
  })
  const consumer = new Consumer({
    queue,
    name: QUEUE,
    leaseMs: LEASE_MS,
    capacity: () => 100,
    minIntervalMs: MIN_INTERVAL_MS,
    settleIntervalMs: SETTLE_INTERVAL_MS,
    handle: async (entries) =>
      entries.map(({ payload }) => {
        for (const { messageId } of decodeEnvelope(payload).messages)
          receivedMs.push(Date.now() - timeOf(messageId))
        return { kind: 'done' }
      }),
    onError: (_, error) => troubles.push(error),
  })
  const sent = await sendBatches(batcher, rate, seconds)
  const untilMs = performance.now() + DRAIN_MS_MAX
  while (receivedMs.length < sent && performance.now() < untilMs) await after(50)
  await consumer.drain()
  consumer.close()
  const left = await sqsUpkeep(requests, NO_DEAD_LETTERS).messagesOn([QUEUE])
  requests.close()
  await server.stop()
  if (troubles.length > 0) throw new AggregateError(troubles, 'requests to SQS failed')
  const name = [...server.use.keys()].find((one) => one.includes(escapeName(CONNECTOR))) ?? ''
  const use = server.use.get(name) ?? new Map<string, SqsUse>()
  return figuresOf({ sent, accepted, left, answerMs, receivedMs, use })
}

/** Every envelope of this bench can be read. */
const NO_DEAD_LETTERS: DeadLetters = {
  setAside: () => Promise.reject(new Error('an envelope could not be read')),
  deadLetters: () => Promise.resolve([]),
  oldestDeadLetterAt: () => Promise.resolve(undefined),
  forgetDeadLetters: () => Promise.resolve(0),
}

/** Messages of one gateway. */
interface GatewayBatch {
  readonly messages: readonly Addressed[]
  readonly sentMs: number
}

/** Sends batches at the rate, as a gateway does. Returns the number of messages sent. */
async function sendBatches(
  batcher: Batcher<GatewayBatch>,
  rate: number,
  seconds: number,
): Promise<number> {
  const startedMs = performance.now()
  let sent = 0
  for (let elapsedMs = 0; elapsedMs < seconds * 1_000; elapsedMs = performance.now() - startedMs) {
    const count = Math.floor((elapsedMs * rate) / 1_000) - sent
    if (count > 0) {
      sent += count
      const messages = waitingMessages(count).map((message) => ({
        message,
        connector: CONNECTOR,
        lane: 'normal' as const,
      }))
      batcher.add({ messages, sentMs: performance.now() })
    }
    await after(BATCH_EVERY_MS)
  }
  await batcher.whenIdle()
  return sent
}

interface Measured {
  readonly sent: number
  readonly accepted: number
  /** Envelopes that are on the queue at the end. */
  readonly left: number
  readonly answerMs: readonly number[]
  readonly receivedMs: readonly number[]
  readonly use: ReadonlyMap<string, SqsUse>
}

function figuresOf({ accepted, answerMs, left, receivedMs, sent, use }: Measured): Figure[] {
  const figure = figureOf('sqs-cost')
  const perMillion = (count: number) => (count * 1_000_000) / Math.max(1, sent)
  const all = [...use.values()]
  return [
    figure('messages', sent, 'messages'),
    figure('not accepted', sent - accepted, 'messages'),
    figure('not received', sent - receivedMs.length, 'messages'),
    figure('not settled', left, 'envelopes'),
    figure(
      'billed units a million messages',
      perMillion(all.reduce((sum, { billedUnits }) => sum + billedUnits, 0)),
      'units',
    ),
    ...[...use].map(([action, { requests }]) =>
      figure(`requests a million messages: ${action}`, perMillion(requests), 'requests'),
    ),
    figure('batch to its answer p50', median(answerMs), 'ms'),
    figure('submission to its receive p50', median(receivedMs), 'ms'),
  ]
}
