// What every adapter of the queue port must do, run against the real server by each adapter's test.

import { randomUUID } from 'node:crypto'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import type { Publication, Queue, QueueUpkeep } from './queue.ts'

export interface QueueUnderTest {
  queue: Queue
  /** Another process's view of the same queues. */
  other: Queue
  upkeep: QueueUpkeep
}

const LEASE_MS = 60_000
const HOUR_MS = 3_600_000

export function queueSuite(open: () => QueueUnderTest): void {
  receiveSuite(open)
  settlementSuite(open)
  publishOnceSuite(open)
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
  test('what is published is received once, in order, and settled for good', async () => {
    const { queue, other } = open()
    const name = freshName()
    await queue.publish([one(name, 'a'), one(name, 'b'), one(name, 'c')])
    const first = await queue.receive(name, 2, LEASE_MS)
    expect(texts(first)).toEqual(['a', 'b'])
    expect(texts(await other.receive(name, 10, LEASE_MS))).toEqual(['c'])
    await queue.settle(first.map((entry) => ({ entry, settlement: { kind: 'done' } })))
    expect(await other.receive(name, 10, LEASE_MS)).toEqual([])
  })

  test('a receive ends with the envelope that reaches its octets and leaves the rest', async () => {
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

  test('any octets come back as they went in', async () => {
    const { queue } = open()
    const name = freshName()
    const payload = Buffer.from(Array.from({ length: 60_000 }, (_, index) => index & 0xff))
    await queue.publish([{ queue: name, payload, messages: 7 }])
    const [entry] = await queue.receive(name, 1, LEASE_MS)
    expect(entry?.payload.equals(payload)).toBe(true)
  })

  test('what is not settled comes again after its lease, and counts its receives', async () => {
    const { queue } = open()
    const name = freshName()
    await queue.publish([one(name, 'a')])
    expect(await queue.receive(name, 1, 1)).toMatchObject([{ receives: 1 }])
    await expect.poll(() => queue.receive(name, 1, LEASE_MS)).toMatchObject([{ receives: 2 }])
    expect(await queue.receive(name, 1, LEASE_MS)).toEqual([])
  })
}

function settlementSuite(open: () => QueueUnderTest): void {
  test('an extended lease keeps it away from others', async () => {
    const { queue, other } = open()
    const name = freshName()
    await queue.publish([one(name, 'a')])
    const held = await queue.receive(name, 1, 1)
    await queue.extend(held, LEASE_MS)
    expect(await other.receive(name, 1, LEASE_MS)).toEqual([])
  })

  test('retry makes it visible again, dead sets it aside', async () => {
    const { queue } = open()
    const name = freshName()
    await queue.publish([one(name, 'again'), one(name, 'poison')])
    const [again, poison] = await queue.receive(name, 2, LEASE_MS)
    if (!again || !poison) throw new Error('both should have come')
    await queue.settle([
      { entry: again, settlement: { kind: 'retry', delayMs: 0 } },
      { entry: poison, settlement: { kind: 'dead', reason: 'unreadable' } },
    ])
    expect(texts(await queue.receive(name, 10, LEASE_MS))).toEqual(['again'])
  })
}

function publishOnceSuite(open: () => QueueUnderTest): void {
  test('a batch that is published again publishes nothing and tells the first answer', async () => {
    const { queue, other } = open()
    const name = freshName()
    const mark = { batchId: randomUUID(), answer: Buffer.from('first answer') }
    expect(await queue.publishOnce([one(name, 'a')], [mark])).toEqual({ kind: 'published' })
    const fresh = { batchId: randomUUID(), answer: Buffer.from('fresh') }
    const again = { ...mark, answer: Buffer.from('another answer') }
    const outcome = await other.publishOnce([one(name, 'b')], [fresh, again])
    expect(outcome).toEqual({
      kind: 'repeated',
      answers: new Map([[mark.batchId, Buffer.from('first answer')]]),
    })
    // All or nothing: the fresh batch beside it was not marked either.
    expect(await queue.publishOnce([one(name, 'c')], [fresh])).toEqual({ kind: 'published' })
    expect(texts(await queue.receive(name, 10, LEASE_MS))).toEqual(['a', 'c'])
  })

  test('a consumer elsewhere is woken by a publish', async () => {
    const { queue, other } = open()
    const name = freshName()
    // Until the listener is connected nothing may be heard, so publishing goes on until it is.
    let woken = 0
    const stop = other.onWake(name, () => woken++)
    await expect
      .poll(async () => {
        await queue.publish([one(name, 'a')])
        return woken
      })
      .toBeGreaterThan(0)
    stop()
  })

  test('what an instance received and does not have in hand is visible again at once', async () => {
    const { queue, other } = open()
    const name = freshName()
    await queue.publish([one(name, 'a'), one(name, 'b'), one(name, 'c')])
    const inHand = await queue.receive(name, 1, LEASE_MS)
    await queue.receive(name, 1, LEASE_MS)
    expect(texts(await other.receive(name, 1, LEASE_MS))).toEqual(['c'])
    await queue.reclaim(name, inHand)
    expect(texts(await other.receive(name, 10, LEASE_MS))).toEqual(['b'])
  })
}

function figuresSuite(open: () => QueueUnderTest): void {
  test('the depth of a queue counts what is in hand until it is settled', async () => {
    const { queue, upkeep } = open()
    const name = freshName()
    const depth = async () => (await upkeep.depths()).find((one) => one.queue === name)
    expect(await depth()).toBeUndefined()
    await queue.publish([{ ...one(name, 'a'), messages: 3 }, one(name, 'b')])
    const [first] = await queue.receive(name, 1, LEASE_MS)
    if (!first) throw new Error('one should have come')
    expect(await depth()).toMatchObject({ queue: name, envelopes: 2, messages: 4 })
    expect((await depth())?.oldestAgeSeconds).toBeGreaterThanOrEqual(0)
    expect(await upkeep.messagesOn([name, freshName()])).toBe(4)
    await queue.settle([{ entry: first, settlement: { kind: 'done' } }])
    expect(await upkeep.messagesOn([name])).toBe(1)
    expect(await upkeep.messagesOn([freshName()])).toBe(0)
  })

  test('a mark lives for an hour after its batch was published', async () => {
    const { queue, upkeep } = open()
    const name = freshName()
    // Made long ago: the id of a message that had to wait.
    const batchId = uuidv7At(Date.now() - 24 * HOUR_MS)
    const mark = { batchId, answer: Buffer.from('answer') }
    await queue.publishOnce([one(name, 'a')], [mark])
    await upkeep.maintain({ keepMarksOf: [], asOf: inTime(0.9) })
    expect(await queue.publishOnce([one(name, 'b')], [mark])).toMatchObject({ kind: 'repeated' })
    await upkeep.maintain({ keepMarksOf: [], asOf: inTime(1.1) })
    expect(await queue.publishOnce([one(name, 'c')], [mark])).toEqual({ kind: 'published' })
  })

  test('a mark lives for as long as its batch may come again', async () => {
    const { queue, upkeep } = open()
    const name = freshName()
    const mark = { batchId: uuidv7(), answer: Buffer.from('answer') }
    await queue.publishOnce([one(name, 'a')], [mark])
    await upkeep.maintain({ keepMarksOf: [randomUUID(), mark.batchId], asOf: inTime(24 * 7) })
    expect(await queue.publishOnce([one(name, 'b')], [mark])).toMatchObject({ kind: 'repeated' })
  })

  test('what is not to happen any more publishes nothing and sets no mark', async () => {
    const { queue } = open()
    const name = freshName()
    const mark = { batchId: uuidv7(), answer: Buffer.from('answer') }
    const publish = (notAfter: Date) => queue.publishOnce([one(name, 'a')], [mark], notAfter)
    expect(await publish(inTime(-0.1))).toEqual({ kind: 'overdue' })
    expect(await publish(inTime(0.1))).toEqual({ kind: 'published' })
    expect(texts(await queue.receive(name, 10, LEASE_MS))).toEqual(['a'])
  })
}

function deadLetterSuite(open: () => QueueUnderTest): void {
  test('what is set aside is counted by queue, whether it was published or not', async () => {
    const { queue, upkeep } = open()
    const name = freshName()
    await queue.publish([one(name, 'poison')])
    const [poison] = await queue.receive(name, 1, LEASE_MS)
    if (!poison) throw new Error('one should have come')
    await queue.settle([{ entry: poison, settlement: { kind: 'dead', reason: 'unreadable' } }])
    const letter = { queue: name, payload: Buffer.from('x'), reason: 'no message', receives: 4 }
    await upkeep.setAside([letter])
    const letters = await upkeep.deadLetters()
    expect(letters.find((one) => one.queue === name)).toEqual({ queue: name, letters: 2 })
  })

  test('what was set aside is forgotten when it is old enough, the oldest first', async () => {
    const { upkeep } = open()
    while ((await upkeep.forgetDeadLetters(0, 100)) > 0);
    expect(await upkeep.oldestDeadLetterAt()).toBeUndefined()
    const letter = { queue: freshName(), payload: Buffer.from('x'), reason: 'harm', receives: 1 }
    await upkeep.setAside([letter, letter, letter])
    expect(await upkeep.oldestDeadLetterAt()).toBeInstanceOf(Date)
    expect(await upkeep.forgetDeadLetters(1, 100)).toBe(0)
    expect(await upkeep.forgetDeadLetters(0, 2)).toBe(2)
    expect(await upkeep.deadLetters()).toEqual([{ queue: letter.queue, letters: 1 }])
  })
}

function inTime(hours: number): Date {
  return new Date(Date.now() + hours * HOUR_MS)
}

function uuidv7At(ms: number): string {
  const time = ms.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}${uuidv7().slice(13)}`
}
