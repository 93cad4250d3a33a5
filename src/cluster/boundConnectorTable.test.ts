import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../database/database.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'
import { leaseSlots, releaseSlots } from './bindSlotTable.ts'
import {
  isBoundElsewhere,
  readBoundSlots,
  readLiveBinds,
  tellBound,
} from './boundConnectorTable.ts'
import { processList } from './processTable.ts'

let store: TestStore
let database: Database

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

function acquire(connector: string, holder: string, ttlMs = 90_000, wanted = 1) {
  const claim = { connector, shares: [1, 1], wanted, isOverdue: false }
  const limits = { most: 1_000, asks: 0 }
  return leaseSlots(database, { holder, ttlMs, releaseAfterMs: 0 }, [claim], limits)
}

test('a connector counts as bound elsewhere until its other holder reports no binds', async () => {
  expect(await isBoundElsewhere(database, 'one', 'c1')).toBe(false)
  await acquire('c1', 'one')
  await acquire('c1', 'two')
  // Holder `two` has not reported whether its slot is bound. Workers of older versions never do.
  expect(await isBoundElsewhere(database, 'one', 'c1')).toBe(true)
  await tellBound(database, 'two', { connector: 'c1', slots: [2], boundSlots: [] })
  expect(await isBoundElsewhere(database, 'one', 'c1')).toBe(false)
  expect(await isBoundElsewhere(database, 'two', 'c1')).toBe(true)
  await tellBound(database, 'two', { connector: 'c1', slots: [2], boundSlots: [2] })
  expect(await isBoundElsewhere(database, 'one', 'c1')).toBe(true)
})

test('released and expired slots do not count as bound', async () => {
  await acquire('c2', 'two')
  await tellBound(database, 'two', { connector: 'c2', slots: [1], boundSlots: [1] })
  await releaseSlots(database, 'two', [{ connector: 'c2', slot: 1 }])
  expect(await isBoundElsewhere(database, 'one', 'c2')).toBe(false)
  await acquire('c2', 'two', 0)
  await tellBound(database, 'two', { connector: 'c2', slots: [1], boundSlots: [1] })
  expect(await isBoundElsewhere(database, 'one', 'c2')).toBe(false)
})

test('the bind state of a slot is reset when the slot gets a new holder', async () => {
  await acquire('c14', 'former', 0)
  await tellBound(database, 'former', { connector: 'c14', slots: [1], boundSlots: [] })
  const { leases } = await acquire('c14', 'two')
  expect(leases[0]?.slot).toBe(1)
  expect(await isBoundElsewhere(database, 'one', 'c14')).toBe(true)
  await tellBound(database, 'two', { connector: 'c14', slots: [1], boundSlots: [] })
  expect(await isBoundElsewhere(database, 'one', 'c14')).toBe(false)
})

test('a holder can change the bind state of its own slots only', async () => {
  await acquire('c3', 'one')
  await acquire('c3', 'two')
  await tellBound(database, 'two', { connector: 'c3', slots: [2], boundSlots: [2] })
  await tellBound(database, 'one', { connector: 'c3', slots: [1, 2], boundSlots: [] })
  expect(await isBoundElsewhere(database, 'one', 'c3')).toBe(true)
})

test('slots that are bound or whose bind state is unknown are counted', async () => {
  await acquire('c4', 'one')
  await acquire('c4', 'two')
  expect((await readBoundSlots(database.run)).get('c4')).toBe(2)
  await tellBound(database, 'two', { connector: 'c4', slots: [2], boundSlots: [] })
  expect((await readBoundSlots(database.run)).get('c4')).toBe(1)
  await tellBound(database, 'one', { connector: 'c4', slots: [1], boundSlots: [] })
  expect((await readBoundSlots(database.run)).get('c4')).toBeUndefined()
})

test('each slot has its own bind state, and one bound slot makes its connector bound', async () => {
  await acquire('c5', 'two', 90_000, 2)
  const state = { connector: 'c5', slots: [1, 2] }
  await tellBound(database, 'two', { ...state, boundSlots: [2] })
  expect((await readBoundSlots(database.run)).get('c5')).toBe(1)
  expect(await isBoundElsewhere(database, 'one', 'c5')).toBe(true)
  await tellBound(database, 'two', { ...state, boundSlots: [] })
  expect((await readBoundSlots(database.run)).get('c5')).toBeUndefined()
  expect(await isBoundElsewhere(database, 'one', 'c5')).toBe(false)
})

test('a bind counts as live while its holder reports it and sends heartbeats', async () => {
  const binds = async (connector: string) =>
    (await readLiveBinds(database.run)).find((one) => one.connector === connector)?.slots
  await acquire('c6', 'six', 90_000, 2)
  const state = { connector: 'c6', slots: [1, 2] }
  await processList(database).beat('workers', 'six', '')
  expect(await binds('c6')).toBeUndefined()
  await tellBound(database, 'six', { ...state, boundSlots: [1, 2] })
  expect(await binds('c6')).toBe(2)
  await tellBound(database, 'six', { ...state, boundSlots: [2] })
  expect(await binds('c6')).toBe(1)
  await database.pool.query(
    `update processes set heartbeat_at = now() - interval '6 s' where instance = 'six'`,
  )
  expect(await binds('c6')).toBeUndefined()
})
