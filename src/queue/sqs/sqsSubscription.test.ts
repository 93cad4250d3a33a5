import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { QueueEntry, SubscribeOptions } from '../queue.ts'
import { sqsNameOf } from './sqsName.ts'
import { SqsQueue } from './sqsQueue.ts'
import { type SentRequest, type SqsServer, startSqsServer } from './sqsServer.fixture.ts'

let server: SqsServer

beforeAll(async () => void (server = await startSqsServer()))
beforeEach(() => void (server.fault = () => undefined))
afterAll(() => server.stop())

interface Options extends Partial<SubscribeOptions> {
  pollSeconds?: number
}

function subscribe({ pollSeconds = 20, ...options }: Options = {}) {
  const requests = server.connectToProxy()
  const queue = new SqsQueue(requests, { setAside: async () => {}, pollSeconds })
  const name = `test.${randomUUID()}`
  const taken: QueueEntry[] = []
  const troubles: Error[] = []
  const subscription = queue.subscribe(name, {
    leaseMs: 60_000,
    capacity: () => 10,
    pollIntervalMs: 50,
    minIntervalMs: 0,
    take: (entries) => void taken.push(...entries),
    onTrouble: (error) => void troubles.push(error),
    ...options,
  })
  onTestFinished(() => subscription.stop())
  const publish = (count: number) =>
    queue.publish(
      Array.from({ length: count }, (_, index) => ({
        queue: name,
        payload: Buffer.from(`${index}`),
        messages: 1,
      })),
    )
  return { figures: requests.figures, name, publish, queue, subscription, taken, troubles }
}

/** The receive requests from now on. */
function receives(): SentRequest[] {
  const sent: SentRequest[] = []
  server.fault = (action, request) => {
    if (action === 'ReceiveMessage') sent.push(request)
    return undefined
  }
  return sent
}

const isPolling = () => server.underWay.includes('ReceiveMessage')

test('drain() ends a long poll at once', async () => {
  const { figures, subscription, troubles } = subscribe()
  subscription.wake()
  await expect.poll(isPolling).toBe(true)
  await subscription.drain()
  await expect.poll(isPolling).toBe(false)
  expect(troubles).toEqual([])
  expect(figures).toMatchObject({ requests: { ReceiveMessage: 1 }, emptyReceives: 0 })
})

test('a long poll asks for the capacity and waits for 20 s', async () => {
  const { publish, subscription } = subscribe({ capacity: () => 7, leaseMs: 1_500 })
  await publish(1)
  const sent = receives()
  subscription.wake()
  await expect.poll(() => sent.length).toBeGreaterThan(0)
  expect(sent[0]).toMatchObject({
    MaxNumberOfMessages: 7,
    VisibilityTimeout: 2,
    WaitTimeSeconds: 20,
  })
})

test('one long poll follows another while the queue is empty', async () => {
  const { figures, subscription } = subscribe({ capacity: () => 100, pollSeconds: 1 })
  subscription.wake()
  await expect.poll(() => figures.emptyReceives, { timeout: 10_000 }).toBe(2)
  await subscription.drain()
  expect(figures.requests.ReceiveMessage).toBeLessThanOrEqual(3)
})

test('several polls receive many envelopes, and never more than the capacity', async () => {
  let most = 0
  const taken: QueueEntry[] = []
  const { publish, subscription } = subscribe({
    capacity: () => 45 - taken.length,
    take: (entries) => void taken.push(...entries),
  })
  await publish(100)
  server.fault = () => {
    most = Math.max(most, server.underWay.length)
    return undefined
  }
  subscription.wake()
  await expect.poll(() => taken.length).toBe(45)
  expect(most).toBeGreaterThan(1)
  expect(new Set(taken.map(({ id }) => id)).size).toBe(45)
  expect(subscription.inHand).toHaveLength(45)
  await expect.poll(isPolling).toBe(false)
})

test('without capacity there is no poll', async () => {
  let capacity = 0
  const { figures, publish, subscription, taken } = subscribe({ capacity: () => capacity })
  await publish(1)
  subscription.wake()
  await subscription.drain()
  expect(figures.requests.ReceiveMessage).toBe(0)
  expect(taken).toEqual([])
  capacity = 1
  subscription.wake()
  expect(isPolling()).toBe(false)
})

test('polls together ask for no more envelopes than the octet limit allows', async () => {
  const { publish, subscription, taken } = subscribe({ capacity: () => 100, maxOctets: 100_000 })
  await publish(9)
  const sent = receives()
  subscription.wake()
  await expect.poll(() => taken.length).toBe(9)
  expect(sent.slice(0, 3)).toMatchObject([
    { MaxNumberOfMessages: 3 },
    { MaxNumberOfMessages: 3 },
    { MaxNumberOfMessages: 3 },
  ])
  expect(server.underWay.length).toBeLessThanOrEqual(1)
})

test('an outage is reported once, and receiving continues after it', async () => {
  const { figures, publish, subscription, taken, troubles } = subscribe()
  await publish(1)
  let failures = 0
  server.fault = (action) =>
    action === 'ReceiveMessage' && failures++ < 3
      ? { kind: 'error', status: 500, type: 'InternalError' }
      : undefined
  subscription.wake()
  await expect.poll(() => taken.length, { timeout: 10_000 }).toBe(1)
  expect(troubles).toMatchObject([{ code: 'InternalError' }])
  expect(figures.requests.ReceiveMessage).toBeGreaterThanOrEqual(4)
})

test('an envelope in hand that is received again is not taken again', async () => {
  const { figures, name, publish, queue, subscription, taken } = subscribe({ leaseMs: 1_000 })
  await publish(1)
  subscription.wake()
  await expect.poll(() => taken.length).toBe(1)
  const octets = figures.octetsReceived
  const received = () => figures.octetsReceived
  await expect.poll(received, { timeout: 10_000 }).toBe(2 * octets)
  subscription.stop()
  await queue.settle(taken.map((entry) => ({ entry, settlement: { kind: 'done' } })))
  subscription.letGo(taken)
  await subscription.drain()
  expect(taken).toHaveLength(1)
  const { fauxqs } = server
  expect(fauxqs.inspectQueue(sqsNameOf('test', name))?.messages.inflight).toEqual([])
})

test('the queue of a subscription is created, and created again if it is deleted', async () => {
  const { name, publish, subscription, taken } = subscribe({ pollSeconds: 1 })
  subscription.wake()
  await expect.poll(isPolling).toBe(true)
  server.fauxqs.deleteQueue(sqsNameOf('test', name))
  await expect
    .poll(() => server.fauxqs.inspectQueue(sqsNameOf('test', name)), { timeout: 10_000 })
    .toBeDefined()
  await publish(1)
  await expect.poll(() => taken.length, { timeout: 10_000 }).toBe(1)
})
