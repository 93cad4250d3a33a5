import { randomUUID } from 'node:crypto'
import { uuidv7 } from 'uuidv7'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import type { Publication, QueueUpkeep } from '../queue.ts'
import { PostgresQueue } from './postgresQueue.ts'
import { postgresUpkeep } from './postgresUpkeep.ts'

const LEASE_MS = 60_000
const HOUR_MS = 3_600_000

let store: TestStore
let queue: PostgresQueue
let other: PostgresQueue
let upkeep: QueueUpkeep

beforeAll(async () => {
  store = await openTestStore()
  const adapter = (instance: string) => {
    const { database, wakeUps } = store.link()
    return new PostgresQueue(database, wakeUps, instance)
  }
  queue = adapter('one')
  other = adapter('two')
  upkeep = postgresUpkeep(store.link().database)
})
afterAll(() => store.drop())

function freshName(): string {
  return `test.${randomUUID()}`
}

function one(name: string, text: string): Publication {
  return { queue: name, payload: Buffer.from(text), messages: 1 }
}

function texts(entries: readonly { payload: Buffer }[]): string[] {
  return entries.map(({ payload }) => payload.toString())
}

test('publishing a batch again publishes nothing and returns the first answer', async () => {
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
  // The call is all or nothing, so it did not mark the new batch either.
  expect(await queue.publishOnce([one(name, 'c')], [fresh])).toEqual({ kind: 'published' })
  expect(texts(await queue.receive(name, 10, LEASE_MS))).toEqual(['a', 'c'])
})

test('a publish wakes a consumer in another process', async () => {
  const name = freshName()
  // A publish before the listener is connected goes unnoticed, so the test publishes repeatedly.
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

test('reclaim makes leased envelopes visible immediately, except those in progress', async () => {
  const name = freshName()
  await queue.publish([one(name, 'a'), one(name, 'b'), one(name, 'c')])
  const inHand = await queue.receive(name, 1, LEASE_MS)
  await queue.receive(name, 1, LEASE_MS)
  expect(texts(await other.receive(name, 1, LEASE_MS))).toEqual(['c'])
  await queue.reclaim(name, inHand)
  expect(texts(await other.receive(name, 10, LEASE_MS))).toEqual(['b'])
})

test('a batch mark is kept for one hour after publication', async () => {
  const name = freshName()
  // The id was made a day ago, as for a message that had to wait.
  const batchId = uuidv7At(Date.now() - 24 * HOUR_MS)
  const mark = { batchId, answer: Buffer.from('answer') }
  await queue.publishOnce([one(name, 'a')], [mark])
  await upkeep.maintain({ keepMarksOf: [], asOf: inTime(0.9) })
  expect(await queue.publishOnce([one(name, 'b')], [mark])).toMatchObject({ kind: 'repeated' })
  await upkeep.maintain({ keepMarksOf: [], asOf: inTime(1.1) })
  expect(await queue.publishOnce([one(name, 'c')], [mark])).toEqual({ kind: 'published' })
})

test('a batch mark in keepMarksOf is kept after one hour', async () => {
  const name = freshName()
  const mark = { batchId: uuidv7(), answer: Buffer.from('answer') }
  await queue.publishOnce([one(name, 'a')], [mark])
  await upkeep.maintain({ keepMarksOf: [randomUUID(), mark.batchId], asOf: inTime(24 * 7) })
  expect(await queue.publishOnce([one(name, 'b')], [mark])).toMatchObject({ kind: 'repeated' })
})

test('publishOnce after its deadline publishes nothing and sets no mark', async () => {
  const name = freshName()
  const mark = { batchId: uuidv7(), answer: Buffer.from('answer') }
  const publish = (notAfter: Date) => queue.publishOnce([one(name, 'a')], [mark], notAfter)
  expect(await publish(inTime(-0.1))).toEqual({ kind: 'overdue' })
  expect(await publish(inTime(0.1))).toEqual({ kind: 'published' })
  expect(texts(await queue.receive(name, 10, LEASE_MS))).toEqual(['a'])
})

test('maintain keeps marks that were set after its list of marks was made', async () => {
  const mark = { batchId: uuidv7(), answer: Buffer.from('answer') }
  await queue.publishOnce([], [mark])
  // The dates below are those of a process that was suspended for five hours after it made its list
  // of marks and before it deletes any marks.
  const { pool } = store.link().database
  const text = `update queue_batches set published_at = now() - interval '4 hours',
    batch_id = uuid_at(now() - interval '4 hours') where batch_id = $1 returning batch_id`
  const { rows } = await pool.query<{ batch_id: string }>(text, [mark.batchId])
  const batchId = rows[0]?.batch_id ?? ''
  const asOf = new Date(Date.now() - 5 * 3_600_000)
  await upkeep.maintain({ keepMarksOf: [], asOf })
  expect(await queue.publishOnce([], [{ ...mark, batchId }])).toMatchObject({ kind: 'repeated' })
})

function inTime(hours: number): Date {
  return new Date(Date.now() + hours * HOUR_MS)
}

function uuidv7At(ms: number): string {
  const time = ms.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}${uuidv7().slice(13)}`
}
