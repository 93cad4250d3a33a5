// What happens if requests to SQS are throttled, fail, or are lost.

import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { DeadLetter, Publication } from '../queue.ts'
import { openSqsClient } from './sqsClient.ts'
import { sqsNameOf } from './sqsName.ts'
import { SqsQueue, type SqsQueueOptions } from './sqsQueue.ts'
import {
  type Fault,
  type SentRequest,
  type SqsServer,
  startSqsServer,
} from './sqsServer.fixture.ts'
import type { SqsAction } from './sqsRequests.ts'

const LEASE_MS = 60_000
const HOUR_MS = 60 * 60_000
/** By the clock of an impatient queue, each request takes this long. */
const REQUEST_MS = 40_000
const IMPATIENT_MS = 100_000

const THROTTLED: Fault = { kind: 'error', status: 400, type: 'RequestThrottled' }
const BROKEN: Fault = { kind: 'error', status: 500, type: 'InternalError' }
const DENIED: Fault = { kind: 'error', status: 403, type: 'AccessDenied' }

let server: SqsServer

beforeAll(async () => void (server = await startSqsServer()))
beforeEach(() => void (server.fault = () => undefined))
afterAll(() => server.stop())

function queueOf(options: Partial<SqsQueueOptions> = {}) {
  const requests = server.connectToProxy()
  const letters: DeadLetter[] = []
  const setAside = async (more: readonly DeadLetter[]) => void letters.push(...more)
  const queue = new SqsQueue(requests, { setAside, ...options })
  return { figures: requests.figures, letters, name: `test.${randomUUID()}`, queue }
}

/** A queue that gives up a publication after three requests. */
function impatientQueue() {
  let sent = 0
  const queue = queueOf({ now: () => sent * REQUEST_MS, publishTimeoutMs: IMPATIENT_MS })
  const fail = (
    faultOf: (sent: number) => Fault,
    isBad: (request: SentRequest) => boolean = () => true,
  ) => {
    server.fault = (action, request) =>
      action === 'SendMessageBatch' && isBad(request) ? faultOf(++sent) : undefined
  }
  return { ...queue, fail }
}

function one(queue: string, text: string): Publication {
  return { queue, payload: Buffer.from(text), messages: 1 }
}

/** Makes the first requests for an action fail. Returns the requests for it. */
function failing(action: SqsAction, fault: Fault, times = Number.POSITIVE_INFINITY): SentRequest[] {
  const sent: SentRequest[] = []
  server.fault = (other, request) => {
    if (other !== action) return undefined
    return sent.push(request) <= times ? fault : undefined
  }
  return sent
}

function bodiesOn(name: string): string[] {
  const messages = server.fauxqs.inspectQueue(sqsNameOf('test', name))?.messages
  return messages?.ready.map(({ body }) => Buffer.from(body, 'base64').toString()) ?? []
}

test('publishing outlasts throttling and errors of the server', async () => {
  for (const fault of [THROTTLED, BROKEN]) {
    const { figures, name, queue } = queueOf()
    failing('SendMessageBatch', fault, 2)
    expect(await queue.publish([one(name, 'a'), one(name, 'b')])).toEqual([
      { kind: 'durable' },
      { kind: 'durable' },
    ])
    expect(figures.requests.SendMessageBatch).toBe(3)
    expect(figures.throttled).toBe(fault === THROTTLED ? 2 : 0)
    expect(bodiesOn(name)).toEqual(['a', 'b'])
  }
})

test('at the deadline throttled publications have failed, others are unknown', async () => {
  for (const [fault, kind, code] of [
    [THROTTLED, 'failed', 'RequestThrottled'],
    [BROKEN, 'unknown', 'InternalError'],
    [{ kind: 'dropRequest' } as const, 'unknown', 'ECONNRESET'],
  ] as const) {
    const { fail, name, queue } = impatientQueue()
    fail(() => fault)
    expect(await queue.publish([one(name, 'a')])).toMatchObject([{ kind, error: { code } }])
    expect(bodiesOn(name)).toEqual([])
  }
})

test('a publication whose answer is lost stays unknown if it is throttled later', async () => {
  const { fail, name, queue } = impatientQueue()
  fail((sent) => (sent === 1 ? { kind: 'dropAnswer' } : THROTTLED))
  expect(await queue.publish([one(name, 'a')])).toMatchObject([{ kind: 'unknown' }])
  expect(bodiesOn(name)).toEqual(['a'])
})

test('a publication whose answers are all lost is unknown, and not lost itself', async () => {
  const { fail, name, queue } = impatientQueue()
  fail(() => ({ kind: 'dropAnswer' }))
  expect(await queue.publish([one(name, 'a')])).toMatchObject([{ kind: 'unknown' }])
  expect(new Set(bodiesOn(name))).toEqual(new Set(['a']))
})

test('a publication whose first answer is lost is durable, and on its queue twice', async () => {
  const { name, queue } = queueOf()
  failing('SendMessageBatch', { kind: 'dropAnswer' }, 1)
  expect(await queue.publish([one(name, 'a')])).toEqual([{ kind: 'durable' }])
  expect(bodiesOn(name)).toEqual(['a', 'a'])
})

test('a publication fails if SQS cannot be reached or its queue cannot be created', async () => {
  const requests = openSqsClient({
    region: 'eu-west-1',
    endpoint: 'http://127.0.0.1:1',
    prefix: 'test',
  })
  const unreachable = new SqsQueue(requests, {
    setAside: async () => {},
    publishTimeoutMs: IMPATIENT_MS,
    now: () => requests.figures.requests.GetQueueUrl * REQUEST_MS,
  })
  const refused = await unreachable.publish([one('journal', 'a')])
  expect(refused).toMatchObject([{ kind: 'failed', error: { code: 'ECONNREFUSED' } }])
  requests.close()
  const { name, queue } = queueOf()
  failing('CreateQueue', DENIED)
  const denied = await queue.publish([one(name, 'a')])
  expect(denied).toMatchObject([{ kind: 'failed', error: { code: 'AccessDenied' } }])
})

test('a bad item of a batch fails alone, and others of the batch are repeated', async () => {
  const { figures, name, queue } = queueOf()
  const text = Buffer.from('a').toString('base64')
  const MD5OfMessageBody = createHash('md5').update(text).digest('hex')
  const sent = failing(
    'SendMessageBatch',
    {
      kind: 'answer',
      body: {
        Successful: [{ Id: '0', MessageId: randomUUID(), MD5OfMessageBody }],
        Failed: [
          { Id: '1', SenderFault: true, Code: 'InvalidMessageContents', Message: 'bad' },
          { Id: '2', SenderFault: false, Code: 'InternalError' },
          { Id: '3', SenderFault: false, Code: 'RequestThrottled' },
        ],
      },
    },
    1,
  )
  const publications = ['a', 'b', 'c', 'd', 'e'].map((text) => one(name, text))
  expect(await queue.publish(publications)).toMatchObject([
    { kind: 'durable' },
    { kind: 'failed', error: { code: 'InvalidMessageContents' } },
    { kind: 'durable' },
    { kind: 'durable' },
    { kind: 'durable' },
  ])
  expect(sent).toHaveLength(2)
  expect(figures.throttled).toBe(1)
  expect(bodiesOn(name)).toEqual(['c', 'd', 'e'])
})

test('one queue that fails does not affect the publications on another one', async () => {
  const { fail, name, queue } = impatientQueue()
  fail(
    () => BROKEN,
    ({ QueueUrl }) => String(QueueUrl).endsWith('bad'),
  )
  const verdicts = await queue.publish([one(`${name}.bad`, 'a'), one(name, 'b')])
  expect(verdicts).toMatchObject([{ kind: 'unknown' }, { kind: 'durable' }])
})

test('a queue whose attributes an operator has changed is used as it is', async () => {
  const { figures, name, queue } = queueOf()
  server.fauxqs.createQueue(sqsNameOf('test', name), {
    attributes: { MessageRetentionPeriod: '600' },
  })
  const missing: Fault = { kind: 'error', status: 400, type: 'QueueDoesNotExist' }
  failing('SendMessageBatch', missing, 1)
  expect(await queue.publish([one(name, 'a')])).toEqual([{ kind: 'durable' }])
  expect(figures.requests).toMatchObject({ CreateQueue: 1, GetQueueUrl: 2 })
})

test('the group of a publication becomes the message group, or a digest of it', async () => {
  const { name, queue } = queueOf()
  const sent = failing('SendMessageBatch', THROTTLED, 0)
  const groups = ['acme', 'Ä b', undefined]
  await queue.publish(groups.map((group) => ({ ...one(name, 'a'), ...(group && { group }) })))
  expect(sent).toMatchObject([
    {
      Entries: [
        { MessageGroupId: 'acme' },
        { MessageGroupId: expect.stringMatching(/^[0-9a-f]{64}$/) },
        expect.not.objectContaining({ MessageGroupId: expect.anything() }),
      ],
    },
  ])
})

test('an envelope is stored as a dead letter once, and deleted only after that', async () => {
  let isStoring = false
  const letters: DeadLetter[] = []
  const setAside = async (more: readonly DeadLetter[]) => {
    if (!isStoring) throw new Error('the store is away')
    letters.push(...more)
  }
  const { name, queue } = queueOf({ setAside })
  await queue.publish([one(name, 'a'), one(name, 'b')])
  const [dead, done] = await queue.receive(name, 2, LEASE_MS)
  const settled = [
    { entry: dead!, settlement: { kind: 'dead', reason: 'unreadable' } as const },
    { entry: done!, settlement: { kind: 'done' } as const },
  ]
  const inflight = () =>
    server.fauxqs.inspectQueue(sqsNameOf('test', name))?.messages.inflight.length
  await expect(queue.settle(settled)).rejects.toThrow('the store is away')
  expect(inflight()).toBe(1)
  isStoring = true
  failing('DeleteMessageBatch', DENIED, 1)
  await expect(queue.settle(settled)).rejects.toThrow('AccessDenied')
  expect(inflight()).toBe(1)
  await queue.settle(settled)
  expect(inflight()).toBe(0)
  expect(letters).toEqual([
    { queue: name, payload: Buffer.from('a'), reason: 'unreadable', receives: 1 },
  ])
})

test('settling repeats the entries of a batch that failed, and only those', async () => {
  const { figures, name, queue } = queueOf()
  await queue.publish([one(name, 'a'), one(name, 'b'), one(name, 'c')])
  const entries = await queue.receive(name, 3, LEASE_MS)
  const body = {
    Successful: [{ Id: '0' }],
    Failed: [
      { Id: '1', SenderFault: false, Code: 'InternalError' },
      { Id: '2', SenderFault: true, Code: 'ReceiptHandleIsInvalid' },
    ],
  }
  const sent = failing('DeleteMessageBatch', { kind: 'answer', body }, 1)
  await queue.settle(entries.map((entry) => ({ entry, settlement: { kind: 'done' } })))
  expect(sent.map(({ Entries }) => Entries)).toMatchObject([{ length: 3 }, { length: 1 }])
  expect(figures.gone).toBe(1)
})

test('a delay or a lease is cut to the rest of 12 hours after the receive', async () => {
  let nowMs = 0
  const { name, queue } = queueOf({ now: () => nowMs })
  await queue.publish([one(name, 'a')])
  const [entry] = await queue.receive(name, 1, 24 * HOUR_MS)
  const sent = failing('ChangeMessageVisibilityBatch', THROTTLED, 0)
  nowMs = 5 * HOUR_MS
  await queue.extend([entry!], 24 * HOUR_MS)
  nowMs = 6 * HOUR_MS
  await queue.settle([{ entry: entry!, settlement: { kind: 'retry', delayMs: 24 * HOUR_MS } }])
  expect(sent).toMatchObject([
    { Entries: [{ VisibilityTimeout: 7 * 3_600 - 1 }] },
    { Entries: [{ VisibilityTimeout: 6 * 3_600 - 1 }] },
  ])
})
