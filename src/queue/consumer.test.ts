import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Consumer } from './consumer.ts'
import { type PolledQueue, pollingSubscription } from './pollingSubscription.ts'
import type { Queue, QueueEntry, SettledEntry } from './queue.ts'

const INTERVAL_MS = 250
const LEASE_MS = 60_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** An in-memory queue that records the ids returned by each receive. */
function memoryQueue() {
  const waiting: QueueEntry[] = []
  const receives: string[][] = []
  let wake = (): void => undefined
  const polled: PolledQueue = {
    receive: async (_, max, leaseMs, maxOctets = Number.POSITIVE_INFINITY) => {
      expect(leaseMs).toBe(LEASE_MS)
      let octets = 0
      const over = waiting.findIndex(({ payload }) => (octets += payload.length) >= maxOctets)
      const taken = waiting.splice(0, over < 0 ? max : Math.min(max, over + 1))
      receives.push(taken.map(({ id }) => id))
      return taken
    },
    reclaim: async () => undefined,
    onWake: (_, listener) => {
      wake = listener
      return () => undefined
    },
  }
  const queue: Queue = {
    publish: () => Promise.reject(new Error('not here')),
    receive: polled.receive,
    subscribe: (name, options) => pollingSubscription(polled, name, options),
    extend: async () => undefined,
    settle: async () => undefined,
  }
  const add = (...ids: string[]) => {
    for (const id of ids)
      waiting.push({ id, queue: 'q', payload: Buffer.alloc(1_000), receives: 1 })
    wake()
  }
  return { queue, receives, add }
}

function consumerOf(queue: Queue, capacity: number, maxOctets?: number): Consumer {
  return new Consumer({
    queue,
    name: 'q',
    leaseMs: LEASE_MS,
    minIntervalMs: INTERVAL_MS,
    capacity: () => capacity,
    ...(maxOctets !== undefined && { maxOctets }),
    handle: async (entries) => entries.map(() => ({ kind: 'done' })),
    onError: (what, error) => expect.fail(`${what}: ${error.message}`),
  })
}

test('one envelope is received immediately, and later ones only after the interval', async () => {
  const { add, queue, receives } = memoryQueue()
  const consumer = consumerOf(queue, 10)
  await vi.advanceTimersByTimeAsync(INTERVAL_MS)
  receives.length = 0
  add('a')
  await vi.advanceTimersByTimeAsync(1)
  expect(receives).toEqual([['a']])
  add('b')
  add('c')
  await vi.advanceTimersByTimeAsync(INTERVAL_MS - 10)
  expect(receives).toEqual([['a']])
  await vi.advanceTimersByTimeAsync(10)
  expect(receives).toEqual([['a'], ['b', 'c']])
  consumer.close()
})

test('after a full batch the next receive starts immediately', async () => {
  const { add, queue, receives } = memoryQueue()
  const consumer = consumerOf(queue, 2)
  await vi.advanceTimersByTimeAsync(INTERVAL_MS)
  receives.length = 0
  add('a', 'b', 'c', 'd', 'e')
  await vi.advanceTimersByTimeAsync(1)
  expect(receives).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  consumer.close()
})

test('after a batch that reached the octet limit the next receive starts immediately', async () => {
  const { add, queue, receives } = memoryQueue()
  const consumer = consumerOf(queue, 10, 2_000)
  await vi.advanceTimersByTimeAsync(INTERVAL_MS)
  receives.length = 0
  add('a', 'b', 'c', 'd', 'e')
  await vi.advanceTimersByTimeAsync(1)
  expect(receives).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  consumer.close()
})

test('a failed settlement is retried until close() is called', async () => {
  const { add, queue } = memoryQueue()
  const troubles: string[] = []
  let attempts = 0
  queue.settle = async () => {
    attempts++
    throw new Error('away')
  }
  const consumer = new Consumer({
    queue,
    name: 'q',
    leaseMs: 60_000,
    capacity: () => 1,
    handle: async (entries) => entries.map(() => ({ kind: 'done' })),
    onError: (what, error) => void troubles.push(`${what}: ${error.message}`),
  })
  add('a')
  await vi.advanceTimersByTimeAsync(20_000)
  expect(attempts).toBeGreaterThan(10)
  expect(troubles).toEqual(['settling envelopes of q failed: away'])
  const attemptsBefore = attempts
  consumer.close()
  expect(vi.getTimerCount()).toBe(0)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(attempts).toBe(attemptsBefore)
})

test('a lease is extended until its envelope is settled, even if an extension fails', async () => {
  const { add, queue } = memoryQueue()
  const finish = Promise.withResolvers<void>()
  const troubles: string[] = []
  let leasedUntilMs = 0
  let attempts = 0
  queue.extend = async (entries, leaseMs) => {
    attempts++
    expect(entries.map(({ id }) => id)).toEqual(['a'])
    if (attempts % 2 === 0) throw new Error('away')
    leasedUntilMs = Date.now() + leaseMs
  }
  const consumer = new Consumer({
    queue,
    name: 'q',
    leaseMs: 60_000,
    capacity: () => 1,
    handle: async (entries) => {
      await finish.promise
      return entries.map(() => ({ kind: 'done' }))
    },
    onError: (what, error) => void troubles.push(`${what}: ${error.message}`),
  })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(attempts).toBe(0)
  leasedUntilMs = Date.now() + 60_000
  add('a')
  for (let second = 0; second < 600; second++) {
    await vi.advanceTimersByTimeAsync(1_000)
    expect(Date.now(), `the lease ran out after ${second} s`).toBeLessThan(leasedUntilMs)
  }
  expect(troubles).toContain('extending leases failed: away')
  finish.resolve()
  await vi.advanceTimersByTimeAsync(1)
  const attemptsBefore = attempts
  await vi.advanceTimersByTimeAsync(120_000)
  expect(attempts).toBe(attemptsBefore)
  consumer.close()
})

test('without wake-ups the queue is polled once per poll interval', async () => {
  const { queue, receives } = memoryQueue()
  const consumer = new Consumer({
    queue,
    name: 'q',
    leaseMs: 60_000,
    pollIntervalMs: 5_000,
    capacity: () => 1,
    handle: async (entries) => entries.map(() => ({ kind: 'done' })),
    onError: (what, error) => expect.fail(`${what}: ${error.message}`),
  })
  await vi.advanceTimersByTimeAsync(4_999)
  expect(receives).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(receives).toHaveLength(2)
  consumer.close()
})

test('control characters in a dead-letter reason are replaced by spaces', async () => {
  const { add, queue } = memoryQueue()
  const settled: SettledEntry[] = []
  queue.settle = async (some) => void settled.push(...some)
  const consumer = new Consumer({
    queue,
    name: 'q',
    leaseMs: 60_000,
    capacity: () => 1,
    handle: async (entries) => entries.map(() => ({ kind: 'dead', reason: 'tag \0' })),
    onError: () => undefined,
  })
  add('a')
  await vi.advanceTimersByTimeAsync(1)
  expect(settled).toMatchObject([{ settlement: { kind: 'dead', reason: 'tag  ' } }])
  consumer.close()
})
