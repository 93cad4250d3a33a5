import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireSlots, releaseSlots } from './bindSlotTable.ts'
import type { Database } from '../database/database.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'

const TTL_MS = 90_000
let store: TestStore
let database: Database

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

function acquire(connector: string, holder: string, wanted: number, ttlMs = TTL_MS) {
  return acquireSlots(database, { connector, slots: 3, wanted }, holder, ttlMs, 0)
}

test('slots are never held by two, and a holder keeps its own', async () => {
  expect(await acquire('c1', 'one', 2)).toEqual([1, 2])
  expect(await acquire('c1', 'two', 3)).toEqual([3])
  expect(await acquire('c1', 'one', 3)).toEqual([1, 2])
})

test('a released slot, and one whose time ran out, go to whoever asks next', async () => {
  await acquire('c2', 'one', 3, 0)
  await releaseSlots(database, 'two', 'c2', [1])
  expect(await acquire('c2', 'two', 3)).toEqual([1, 2, 3])
  await releaseSlots(database, 'two', 'c2', [2])
  expect(await acquire('c2', 'one', 3)).toEqual([2])
})

test('a slot that ran out waits for the dead-peer time of the SMSC on top', async () => {
  const claim = { connector: 'c3', slots: 1, wanted: 1 }
  await acquireSlots(database, claim, 'one', 0, 0)
  expect(await acquireSlots(database, claim, 'two', TTL_MS, 60_000)).toEqual([])
})

test('processes that ask at the same time never get one slot twice', async () => {
  const holders = Array.from({ length: 8 }, (_, index) => `holder-${index}`)
  const held = await Promise.all(holders.map((holder) => acquire('c4', holder, 2)))
  expect(held.flat().toSorted((a, b) => a - b)).toEqual([1, 2, 3])
})
