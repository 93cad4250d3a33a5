import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { deadLettersIn } from '../deadLetterTable.ts'
import type { DeadLetters, Publication, QueueEntry } from '../queue.ts'
import { queueSuite, type QueueUnderTest } from '../queue.suite.ts'
import { sqsNameOf } from './sqsName.ts'
import { SqsQueue } from './sqsQueue.ts'
import { type SqsServer, startSqsServer } from './sqsServer.fixture.ts'
import { sqsUpkeep } from './sqsUpkeep.ts'

const LEASE_MS = 60_000
const PAYLOAD_MAX = 48 * 1024

let server: SqsServer
let store: TestStore
let deadLetters: DeadLetters
let under: QueueUnderTest

beforeAll(async () => {
  server = await startSqsServer()
  store = await openTestStore()
  deadLetters = deadLettersIn(store.link().database)
  const upkeep = sqsUpkeep(server.connect(), deadLetters, { maxAgeMs: 0 })
  const queue = new SqsQueue(server.connect(), deadLetters)
  const other = new SqsQueue(server.connect(), deadLetters)
  under = { queue, other, upkeep, countsMessages: false }
})
afterAll(async () => {
  await server.stop()
  await store.drop()
})

queueSuite(() => under)

function freshName(): string {
  return `test.${randomUUID()}`
}

function one(queue: string, text: string): Publication {
  return { queue, payload: Buffer.from(text), messages: 1 }
}

function queueOf() {
  const requests = server.connect()
  return { queue: new SqsQueue(requests, deadLetters), figures: requests.figures }
}

function messagesOnServer(name: string) {
  return server.fauxqs.inspectQueue(sqsNameOf('test', name))?.messages
}

test('a queue is created with the longest retention and tags', async () => {
  const { queue } = queueOf()
  const name = freshName()
  await queue.publish([one(name, 'a')])
  const created = server.fauxqs.inspectQueue(sqsNameOf('test', name))
  expect(created?.attributes).toMatchObject({ MessageRetentionPeriod: '1209600' })
  expect(created?.attributes).not.toHaveProperty('RedrivePolicy')
})

test('a payload of 48 KiB fits, and a larger or an empty one fails alone', async () => {
  const { queue } = queueOf()
  const name = freshName()
  const sizes = [PAYLOAD_MAX, PAYLOAD_MAX + 1, 1, 0]
  const publications = sizes.map((size) => ({ ...one(name, ''), payload: Buffer.alloc(size) }))
  const verdicts = await queue.publish(publications)
  expect(verdicts.map(({ kind }) => kind)).toEqual(['durable', 'failed', 'durable', 'failed'])
  expect(verdicts[1]).toMatchObject({
    error: { code: 'PAYLOAD_SIZE', message: expect.stringContaining('49152 octets') },
  })
  const bodies = messagesOnServer(name)?.ready.map(({ body }) => body.length)
  expect(bodies?.toSorted((a, b) => a - b)).toEqual([4, 64 * 1024])
})

test('a request has at most 10 messages and 256 KiB', async () => {
  const { figures, queue } = queueOf()
  const [many, large] = [freshName(), freshName()]
  await queue.publish(Array.from({ length: 21 }, (_, index) => one(many, `${index}`)))
  expect(figures.requests.SendMessageBatch).toBe(3)
  const payload = Buffer.alloc(PAYLOAD_MAX)
  await queue.publish(Array.from({ length: 5 }, () => ({ queue: large, payload, messages: 1 })))
  expect(figures.requests.SendMessageBatch).toBe(5)
  expect(figures.octetsSent).toBe(11 * 4 + 10 * 4 + 5 * 64 * 1024)
  expect(messagesOnServer(many)?.ready).toHaveLength(21)
  expect(messagesOnServer(large)?.ready).toHaveLength(5)
})

test('a settlement uses the newest handle of an envelope that was received again', async () => {
  const { figures, queue } = queueOf()
  const name = freshName()
  await queue.publish([one(name, 'a')])
  const [first] = await queue.receive(name, 1, 1)
  let again: QueueEntry | undefined
  const receiveAgain = async () => ([again] = await queue.receive(name, 1, LEASE_MS))
  await expect.poll(receiveAgain, { timeout: 10_000 }).toMatchObject([{ id: first?.id }])
  expect(again?.receives).toBe(2)
  await queue.settle([{ entry: first!, settlement: { kind: 'done' } }])
  expect(messagesOnServer(name)?.inflight).toEqual([])
  expect(figures.gone).toBe(0)
})

test('a settlement after the end of the lease counts as gone and is not an error', async () => {
  const { figures, queue } = queueOf()
  const { queue: other } = queueOf()
  const name = freshName()
  await queue.publish([one(name, 'a')])
  const [entry] = await queue.receive(name, 1, 1)
  const receive = () => other.receive(name, 1, LEASE_MS)
  await expect.poll(receive, { timeout: 10_000 }).toHaveLength(1)
  await queue.extend([entry!], LEASE_MS)
  expect(figures.gone).toBe(1)
  await queue.extend([entry!], LEASE_MS)
  expect(figures.requests.ChangeMessageVisibilityBatch).toBe(1)
  await queue.settle([{ entry: entry!, settlement: { kind: 'retry', delayMs: 0 } }])
  expect(figures.gone).toBe(2)
  await queue.settle([{ entry: entry!, settlement: { kind: 'done' } }])
  expect(figures.gone).toBe(3)
  expect(messagesOnServer(name)?.inflight).toHaveLength(1)
})

test('a settlement on a queue that was deleted counts as gone', async () => {
  const { figures, queue } = queueOf()
  const name = freshName()
  await queue.publish([one(name, 'a')])
  const [entry] = await queue.receive(name, 1, LEASE_MS)
  server.fauxqs.deleteQueue(sqsNameOf('test', name))
  await queue.settle([{ entry: entry!, settlement: { kind: 'done' } }])
  expect(figures.gone).toBe(1)
})

test('a queue that was deleted is created again by the next publication', async () => {
  const { queue } = queueOf()
  const name = freshName()
  await queue.publish([one(name, 'a')])
  server.fauxqs.deleteQueue(sqsNameOf('test', name))
  expect(await queue.publish([one(name, 'b')])).toEqual([{ kind: 'durable' }])
  expect(messagesOnServer(name)?.ready).toHaveLength(1)
})

test('settling many envelopes takes one request for each ten', async () => {
  const { figures, queue } = queueOf()
  const name = freshName()
  await queue.publish(Array.from({ length: 25 }, (_, index) => one(name, `${index}`)))
  const entries = await queue.receive(name, 25, LEASE_MS)
  expect(entries).toHaveLength(25)
  await queue.settle(entries.map((entry) => ({ entry, settlement: { kind: 'done' } })))
  expect(figures.requests.DeleteMessageBatch).toBe(3)
  expect(messagesOnServer(name)).toMatchObject({ ready: [], inflight: [] })
})

test('1,000 queues are created once and their depths are read', async () => {
  const requests = server.connect('many')
  const queue = new SqsQueue(requests, { ...deadLetters, publishTimeoutMs: 90_000 })
  const names = Array.from({ length: 1_000 }, (_, index) => `submit.c${index}.normal`)
  const publish = () => queue.publish(names.map((name) => one(name, name)))
  expect(new Set((await publish()).map(({ kind }) => kind))).toEqual(new Set(['durable']))
  expect(requests.figures.requests).toMatchObject({ GetQueueUrl: 1_000, CreateQueue: 1_000 })
  await publish()
  expect(requests.figures.requests).toMatchObject({ CreateQueue: 1_000, SendMessageBatch: 2_000 })
  const upkeep = sqsUpkeep(requests, deadLetters)
  const [depths, same] = await Promise.all([upkeep.depths(), upkeep.depths()])
  expect(same).toBe(depths)
  expect(await upkeep.depths()).toBe(depths)
  expect(depths.map(({ queue: name }) => name).toSorted()).toEqual(names.toSorted())
  expect(depths.every(({ envelopes }) => envelopes === 2)).toBe(true)
  expect(requests.figures.requests).toMatchObject({ ListQueues: 1, GetQueueAttributes: 1_000 })
}, 100_000)

test('the depth of a queue with a long name is reported under that name', async () => {
  const requests = server.connect('long')
  const queue = new SqsQueue(requests, deadLetters)
  const upkeep = sqsUpkeep(requests, deadLetters, { maxAgeMs: 0 })
  const name = `submit.${'x'.repeat(100)}.normal`
  await queue.publish([one(name, 'a')])
  server.fauxqs.createQueue('long_foreign_')
  server.fauxqs.sendMessage('long_foreign_', 'x')
  for (const _ of [1, 2]) expect(await upkeep.depths()).toMatchObject([{ queue: name }])
  expect(requests.figures.requests.ListQueueTags).toBe(1)
})

test('installations with different prefixes have separate queues', async () => {
  const [one_, two] = ['a', 'a-b'].map(
    (prefix) => new SqsQueue(server.connect(prefix), deadLetters),
  )
  await one_!.publish([one('journal', 'a')])
  expect(await two!.receive('journal', 1, LEASE_MS)).toEqual([])
  const upkeep = sqsUpkeep(server.connect('a-b'), deadLetters)
  expect(await upkeep.depths()).toEqual([])
  expect(await upkeep.messagesOn(['journal'])).toBe(0)
})
