// The contract of the queue port. The test of each adapter runs this suite against a real server.
// The suite expects no order. A receive may miss visible envelopes that the next receive finds.

import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Publication, Queue, QueueEntry, QueueUpkeep } from './queue.ts'

export interface QueueUnderTest {
  queue: Queue
  /** The same queues as seen by another process. */
  other: Queue
  upkeep: QueueUpkeep
  /** Whether depths count messages. Otherwise they count each envelope as one message. */
  countsMessages: boolean
}

const LEASE_MS = 60_000
/** After a lease of up to one second, its envelope becomes visible within this time. */
const LEASE_END = { timeout: 10_000 }

export function queueSuite(open: () => QueueUnderTest): void {
  receiveSuite(open)
  settlementSuite(open)
  subscriptionSuite(open)
  figuresSuite(open)
  deadLetterSuite(open)
}

function freshName(): string {
  return `test.${randomUUID()}`
}

function one(queue: string, text: string): Publication {
  return { queue, payload: Buffer.from(text), messages: 1 }
}

function texts(entries: readonly { payload: Buffer }[]): string[] {
  return entries.map(({ payload }) => payload.toString())
}

/** Receives until `count` envelopes have been received. */
async function receiveAll(queue: Queue, name: string, count: number): Promise<QueueEntry[]> {
  const entries: QueueEntry[] = []
  await expect
    .poll(async () => {
      entries.push(...(await queue.receive(name, count - entries.length, LEASE_MS)))
      return entries.length
    })
    .toBe(count)
  return entries
}

function octetsOf(entries: readonly QueueEntry[]): number {
  return entries.reduce((octets, { payload }) => octets + payload.length, 0)
}

function receiveSuite(open: () => QueueUnderTest): void {
  test('each envelope is received once, and never again after settlement', async () => {
    const { queue, other } = open()
    const name = freshName()
    await queue.publish([one(name, 'a'), one(name, 'b'), one(name, 'c')])
    const first = await receiveAll(queue, name, 2)
    const rest = await receiveAll(other, name, 1)
    expect(texts([...first, ...rest]).toSorted()).toEqual(['a', 'b', 'c'])
    await queue.settle(first.map((entry) => ({ entry, settlement: { kind: 'done' } })))
    expect(await other.receive(name, 10, LEASE_MS)).toEqual([])
  })

  test('a receive stops after the envelope that reaches its octet limit', async () => {
    const { queue, other } = open()
    const name = freshName()
    const publications = Array.from({ length: 12 }, (_, index) => ({
      queue: name,
      payload: Buffer.alloc(40_000, index),
      messages: 1,
    }))
    await queue.publish(publications)
    const received: QueueEntry[] = []
    const receive = async (max: number, maxOctets?: number) => {
      const entries = await other.receive(name, max, LEASE_MS, maxOctets)
      if (maxOctets !== undefined) expect(octetsOf(entries.slice(0, -1))).toBeLessThan(maxOctets)
      received.push(...entries)
      return entries.length
    }
    expect(await receive(48, 100_000)).toBeGreaterThan(0)
    expect(await receive(48, 1)).toBe(1)
    expect(await receive(2, 1_000_000)).toBeLessThanOrEqual(2)
    await expect.poll(() => receive(48).then(() => received.length)).toBe(12)
    const numbers = received.map(({ payload }) => payload[0])
    expect(new Set(numbers).size).toBe(12)
  })

  test('a payload of any octets is received unchanged', async () => {
    const { queue } = open()
    const name = freshName()
    const payload = Buffer.from(Array.from({ length: 48 * 1024 }, (_, index) => index & 0xff))
    await queue.publish([{ queue: name, payload, messages: 7 }])
    const [entry] = await receiveAll(queue, name, 1)
    expect(entry?.payload.equals(payload)).toBe(true)
  })

  test('after its lease, an unsettled envelope is received again with a higher count', async () => {
    const { queue } = open()
    const name = freshName()
    await queue.publish([one(name, 'a')])
    expect(await queue.receive(name, 1, 1)).toMatchObject([{ receives: 1 }])
    const again = () => queue.receive(name, 1, LEASE_MS)
    await expect.poll(again, LEASE_END).toMatchObject([{ receives: 2 }])
    expect(await queue.receive(name, 1, LEASE_MS)).toEqual([])
  })
}

function settlementSuite(open: () => QueueUnderTest): void {
  test('an envelope with an extended lease is not received by another process', async () => {
    const { queue, other } = open()
    const name = freshName()
    await queue.publish([one(name, 'a')])
    const held = await queue.receive(name, 1, 1)
    await queue.extend(held, LEASE_MS)
    expect(await other.receive(name, 1, LEASE_MS)).toEqual([])
  })

  test('an envelope settled with retry is received again, but a dead envelope is not', async () => {
    const { queue } = open()
    const name = freshName()
    await queue.publish([one(name, 'again'), one(name, 'poison')])
    const received = await receiveAll(queue, name, 2)
    const again = received.find(({ payload }) => payload.toString() === 'again')
    const poison = received.find(({ payload }) => payload.toString() === 'poison')
    if (!again || !poison) throw new Error('expected two envelopes')
    await queue.settle([
      { entry: again, settlement: { kind: 'retry', delayMs: 0 } },
      { entry: poison, settlement: { kind: 'dead', reason: 'unreadable' } },
    ])
    expect(texts(await receiveAll(queue, name, 1))).toEqual(['again'])
    expect(await queue.receive(name, 10, LEASE_MS)).toEqual([])
  })
}

function subscriptionSuite(open: () => QueueUnderTest): void {
  /** Subscribes, and records all envelopes that are received. */
  function subscribe(queue: Queue, name: string, capacity: () => number, leaseMs = LEASE_MS) {
    const taken: QueueEntry[] = []
    const subscription = queue.subscribe(name, {
      leaseMs,
      capacity,
      pollIntervalMs: 50,
      minIntervalMs: 0,
      take: (entries) => void taken.push(...entries),
      onTrouble: (error) => expect.fail(error.message),
    })
    return { subscription, taken }
  }

  test('a subscription receives envelopes published before and after it starts', async () => {
    const { queue, other } = open()
    const name = freshName()
    expect(await queue.publish([one(name, 'a')])).toEqual([{ kind: 'durable' }])
    const { subscription, taken } = subscribe(other, name, () => 10)
    subscription.wake()
    await expect.poll(() => texts(taken)).toEqual(['a'])
    await queue.publish([one(name, 'b')])
    await expect.poll(() => texts(taken)).toEqual(['a', 'b'])
    expect(texts(subscription.inHand)).toEqual(['a', 'b'])
    await other.settle(taken.map((entry) => ({ entry, settlement: { kind: 'done' } })))
    subscription.letGo(taken)
    expect(subscription.inHand).toEqual([])
    await subscription.drain()
  })

  test('a subscription at capacity receives nothing until it is woken', async () => {
    const { queue } = open()
    const name = freshName()
    await queue.publish(['a', 'b', 'c'].map((text) => one(name, text)))
    let capacity = 2
    const { subscription, taken } = subscribe(queue, name, () => capacity - taken.length)
    subscription.wake()
    await expect.poll(() => taken.length).toBe(2)
    await receiveAll(queue, name, 1)
    await queue.publish([one(name, 'd')])
    capacity = 3
    subscription.wake()
    await expect.poll(() => texts(taken).at(-1)).toBe('d')
    expect(taken).toHaveLength(3)
    subscription.stop()
  })

  test('drain receives nothing more and waits for the envelopes in progress', async () => {
    const { queue } = open()
    const name = freshName()
    await queue.publish([one(name, 'a')])
    const { subscription, taken } = subscribe(queue, name, () => 10, 1_000)
    subscription.wake()
    await expect.poll(() => taken.length).toBe(1)
    let isDrained = false
    const drained = subscription.drain().then(() => (isDrained = true))
    await queue.publish([one(name, 'b')])
    // The queue system may have leased b to the receive that drain() has ended.
    const next = async () => texts(await queue.receive(name, 10, LEASE_MS))
    await expect.poll(next, LEASE_END).toContain('b')
    expect(isDrained).toBe(false)
    expect(texts(taken)).toEqual(['a'])
    subscription.letGo(taken)
    await drained
  })
}

function figuresSuite(open: () => QueueUnderTest): void {
  test('the depth of a queue includes received envelopes until they are settled', async () => {
    const { countsMessages, queue, upkeep } = open()
    const name = freshName()
    const depth = async () => (await upkeep.depths()).find((one) => one.queue === name)
    expect(await depth()).toBeUndefined()
    await queue.publish([{ ...one(name, 'a'), messages: 3 }, one(name, 'b')])
    const [first] = await receiveAll(queue, name, 1)
    if (!first) throw new Error('expected one envelope')
    const messages = countsMessages ? 4 : 2
    expect(await depth()).toMatchObject({ queue: name, envelopes: 2, messages })
    expect((await depth())?.oldestAgeSeconds).toBeGreaterThanOrEqual(0)
    expect(await upkeep.messagesOn([name, freshName()])).toBe(messages)
    await queue.settle([{ entry: first, settlement: { kind: 'done' } }])
    const left = countsMessages && first.payload.toString() === 'b' ? 3 : 1
    expect(await upkeep.messagesOn([name])).toBe(left)
    expect(await upkeep.messagesOn([freshName()])).toBe(0)
  })
}

function deadLetterSuite(open: () => QueueUnderTest): void {
  test('dead letters are counted by queue, including items that were never published', async () => {
    const { queue, upkeep } = open()
    const name = freshName()
    await queue.publish([one(name, 'poison')])
    const [poison] = await queue.receive(name, 1, LEASE_MS)
    if (!poison) throw new Error('expected one envelope')
    await queue.settle([{ entry: poison, settlement: { kind: 'dead', reason: 'unreadable' } }])
    const letter = { queue: name, payload: Buffer.from('x'), reason: 'no message', receives: 4 }
    await upkeep.setAside([letter])
    const letters = await upkeep.deadLetters()
    expect(letters.find((one) => one.queue === name)).toEqual({ queue: name, letters: 2 })
  })

  test('forgetDeadLetters deletes old dead letters up to its limit', async () => {
    const { upkeep } = open()
    while ((await upkeep.forgetDeadLetters(0, 100)) > 0);
    expect(await upkeep.oldestDeadLetterAt()).toBeUndefined()
    const letter = { queue: freshName(), payload: Buffer.from('x'), reason: 'test', receives: 1 }
    await upkeep.setAside([letter, letter, letter])
    expect(await upkeep.oldestDeadLetterAt()).toBeInstanceOf(Date)
    expect(await upkeep.forgetDeadLetters(1, 100)).toBe(0)
    expect(await upkeep.forgetDeadLetters(0, 2)).toBe(2)
    expect(await upkeep.deadLetters()).toEqual([{ queue: letter.queue, letters: 1 }])
  })
}
