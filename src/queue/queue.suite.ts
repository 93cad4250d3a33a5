// The contract of the queue port. The test of each adapter runs this suite against a real server.

import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Publication, Queue, QueueEntry, QueueUpkeep } from './queue.ts'

export interface QueueUnderTest {
  queue: Queue
  /** The same queues as seen by another process. */
  other: Queue
  upkeep: QueueUpkeep
}

const LEASE_MS = 60_000

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

function receiveSuite(open: () => QueueUnderTest): void {
  test('envelopes are received once and in order, and never again after settlement', async () => {
    const { queue, other } = open()
    const name = freshName()
    await queue.publish([one(name, 'a'), one(name, 'b'), one(name, 'c')])
    const first = await queue.receive(name, 2, LEASE_MS)
    expect(texts(first)).toEqual(['a', 'b'])
    expect(texts(await other.receive(name, 10, LEASE_MS))).toEqual(['c'])
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
    const first = await queue.receive(name, 48, LEASE_MS, 100_000)
    expect(first.map(({ payload }) => payload[0])).toEqual([0, 1, 2])
    const next = await other.receive(name, 48, LEASE_MS, 1)
    expect(next.map(({ payload }) => payload[0])).toEqual([3])
    expect(await queue.receive(name, 2, LEASE_MS, 1_000_000)).toHaveLength(2)
    expect(await queue.receive(name, 48, LEASE_MS)).toHaveLength(6)
  })

  test('a payload of any octets is received unchanged', async () => {
    const { queue } = open()
    const name = freshName()
    const payload = Buffer.from(Array.from({ length: 60_000 }, (_, index) => index & 0xff))
    await queue.publish([{ queue: name, payload, messages: 7 }])
    const [entry] = await queue.receive(name, 1, LEASE_MS)
    expect(entry?.payload.equals(payload)).toBe(true)
  })

  test('after its lease an unsettled envelope is received again and counted', async () => {
    const { queue } = open()
    const name = freshName()
    await queue.publish([one(name, 'a')])
    expect(await queue.receive(name, 1, 1)).toMatchObject([{ receives: 1 }])
    await expect.poll(() => queue.receive(name, 1, LEASE_MS)).toMatchObject([{ receives: 2 }])
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

  test('an envelope settled with retry is received again, a dead one is not', async () => {
    const { queue } = open()
    const name = freshName()
    await queue.publish([one(name, 'again'), one(name, 'poison')])
    const [again, poison] = await queue.receive(name, 2, LEASE_MS)
    if (!again || !poison) throw new Error('expected two envelopes')
    await queue.settle([
      { entry: again, settlement: { kind: 'retry', delayMs: 0 } },
      { entry: poison, settlement: { kind: 'dead', reason: 'unreadable' } },
    ])
    expect(texts(await queue.receive(name, 10, LEASE_MS))).toEqual(['again'])
  })
}

function subscriptionSuite(open: () => QueueUnderTest): void {
  /** Subscribes, and records all envelopes that are received. */
  function subscribe(queue: Queue, name: string, capacity: () => number) {
    const taken: QueueEntry[] = []
    const subscription = queue.subscribe(name, {
      leaseMs: LEASE_MS,
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
    expect(await queue.receive(name, 10, LEASE_MS)).toHaveLength(1)
    await queue.publish([one(name, 'd')])
    capacity = 3
    subscription.wake()
    await expect.poll(() => texts(taken).at(-1)).toBe('d')
    subscription.stop()
  })

  test('drain receives nothing more and waits for the envelopes in hand', async () => {
    const { queue } = open()
    const name = freshName()
    await queue.publish([one(name, 'a')])
    const { subscription, taken } = subscribe(queue, name, () => 10)
    subscription.wake()
    await expect.poll(() => taken.length).toBe(1)
    let isDrained = false
    const drained = subscription.drain().then(() => (isDrained = true))
    await queue.publish([one(name, 'b')])
    expect(texts(await queue.receive(name, 10, LEASE_MS))).toEqual(['b'])
    expect(isDrained).toBe(false)
    subscription.letGo(taken)
    await drained
  })
}

function figuresSuite(open: () => QueueUnderTest): void {
  test('the depth of a queue includes received envelopes until they are settled', async () => {
    const { queue, upkeep } = open()
    const name = freshName()
    const depth = async () => (await upkeep.depths()).find((one) => one.queue === name)
    expect(await depth()).toBeUndefined()
    await queue.publish([{ ...one(name, 'a'), messages: 3 }, one(name, 'b')])
    const [first] = await queue.receive(name, 1, LEASE_MS)
    if (!first) throw new Error('expected one envelope')
    expect(await depth()).toMatchObject({ queue: name, envelopes: 2, messages: 4 })
    expect((await depth())?.oldestAgeSeconds).toBeGreaterThanOrEqual(0)
    expect(await upkeep.messagesOn([name, freshName()])).toBe(4)
    await queue.settle([{ entry: first, settlement: { kind: 'done' } }])
    expect(await upkeep.messagesOn([name])).toBe(1)
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
