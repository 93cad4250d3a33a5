import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
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
  under = { queue: adapter('one'), other: adapter('two'), upkeep }
})
afterAll(() => store.drop())

queueSuite(() => under)

test('only an entry that is returned without a delay wakes the consumers', async () => {
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

test('housekeeping forgets the mark of a batch that nobody retries any more', async () => {
  const { queue, upkeep } = under
  const twoHoursAgo = (Date.now() - 7_200_000).toString(16).padStart(12, '0')
  const batchId = `${twoHoursAgo.slice(0, 8)}-${twoHoursAgo.slice(8)}${randomUUID().slice(13)}`
  const mark = { batchId, answer: Buffer.from('answer') }
  await queue.publishOnce([], [mark])
  expect(await queue.publishOnce([], [mark])).toMatchObject({ kind: 'repeated' })
  await upkeep.maintain()
  expect(await queue.publishOnce([], [mark])).toEqual({ kind: 'published' })
})
