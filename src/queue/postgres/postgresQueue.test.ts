import { uuidv7 } from 'uuidv7'
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

test('a list of marks that was made long ago does not judge those set since', async () => {
  const { queue, upkeep } = under
  const mark = { batchId: uuidv7(), answer: Buffer.from('answer') }
  await queue.publishOnce([], [mark])
  // As if the process had been stopped for five hours between making the list and forgetting.
  const { pool } = store.link().database
  const text = `update queue_batches set published_at = now() - interval '4 hours',
    batch_id = uuid_at(now() - interval '4 hours') where batch_id = $1 returning batch_id`
  const { rows } = await pool.query<{ batch_id: string }>(text, [mark.batchId])
  const batchId = rows[0]?.batch_id ?? ''
  const asOf = new Date(Date.now() - 5 * 3_600_000)
  await upkeep.maintain({ keepMarksOf: [], asOf })
  expect(await queue.publishOnce([], [{ ...mark, batchId }])).toMatchObject({ kind: 'repeated' })
})
