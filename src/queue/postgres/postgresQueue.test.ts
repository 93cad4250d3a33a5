import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { QueryRefused, StoreUnavailable } from '../../database/database.ts'
import { publishAll } from '../publishAll.ts'
import type { Queue } from '../queue.ts'
import { PostgresQueue } from './postgresQueue.ts'
import { postgresUpkeep } from './postgresUpkeep.ts'
import { queueSuite, type QueueUnderTest } from '../queue.suite.ts'

let store: TestStore
let under: QueueUnderTest

beforeAll(async () => {
  store = await openTestStore()
  const adapter = (instance: string) => {
    const { database, wakeUps } = store.link()
    return new PostgresQueue(database, wakeUps, instance)
  }
  const upkeep = postgresUpkeep(store.link().database)
  under = { queue: adapter('one'), other: adapter('two'), upkeep, countsMessages: true }
})
afterAll(() => store.drop())

queueSuite(() => under)

test('envelopes are received in the order of publication, up to the octet limit', async () => {
  const { other, queue } = under
  const name = `test.${randomUUID()}`
  const publications = Array.from({ length: 12 }, (_, index) => ({
    queue: name,
    payload: Buffer.alloc(40_000, index),
    messages: 1,
  }))
  await queue.publish(publications)
  const numbers = async (receiver: Queue, max: number, maxOctets?: number) =>
    (await receiver.receive(name, max, 60_000, maxOctets)).map(({ payload }) => payload[0])
  expect(await numbers(queue, 48, 100_000)).toEqual([0, 1, 2])
  expect(await numbers(other, 48, 1)).toEqual([3])
  expect(await numbers(queue, 2, 1_000_000)).toEqual([4, 5])
  expect(await numbers(other, 48)).toEqual([6, 7, 8, 9, 10, 11])
})

test('settle wakes consumers only for entries that are returned without a delay', async () => {
  const woken: string[] = []
  const wakeUps = {
    wake: (topics: Iterable<string>) => void woken.push(...topics),
    listen: () => () => undefined,
  }
  const queue = new PostgresQueue(store.link().database, wakeUps, 'three')
  const entry = { id: '1', queue: 'test.now', payload: Buffer.alloc(0), receives: 1 }
  await queue.settle([
    { entry, settlement: { kind: 'retry', delayMs: 0 } },
    { entry: { ...entry, queue: 'test.later' }, settlement: { kind: 'retry', delayMs: 1000 } },
    { entry: { ...entry, queue: 'test.done' }, settlement: { kind: 'done' } },
  ])
  expect(woken).toEqual(['queue:test.now'])
})

test('a refused publish has failed, and an unanswered publish has an unknown outcome', async () => {
  const failing = (error: Error) =>
    new PostgresQueue(
      { run: () => Promise.reject(error) },
      { wake: () => expect.fail('nothing was published'), listen: () => () => undefined },
      'four',
    )
  const publications = ['a', 'b'].map((name) => ({
    queue: name,
    payload: Buffer.alloc(1),
    messages: 1,
  }))
  const refused = new QueryRefused('no', '22021', { cause: undefined })
  const away = new StoreUnavailable('away')
  expect(await failing(refused).publish(publications)).toEqual([
    { kind: 'failed', error: refused },
    { kind: 'failed', error: refused },
  ])
  expect(await failing(away).publish(publications)).toEqual([
    { kind: 'unknown', error: away },
    { kind: 'unknown', error: away },
  ])
  await expect(publishAll(failing(away), publications)).rejects.toBe(away)
})
