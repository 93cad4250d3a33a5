import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireSlots, releaseSlots, type SlotLease } from './bindSlotTable.ts'
import type { Database } from '../database/database.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'
import { paceShare } from '../flow/paceShare.ts'

const TTL_MS = 90_000
const OWN_DATABASE = '(select oid from pg_database where datname = current_database())'
let store: TestStore
let database: Database

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

interface Asked {
  binds?: number
  tps?: number
  wanted?: number
  ttlMs?: number
  releaseAfterMs?: number
}

function lease(connector: string, holder: string, asked: Asked = {}): Promise<SlotLease[]> {
  const { binds = 3, tps = 30, wanted = binds, ttlMs = TTL_MS, releaseAfterMs = 0 } = asked
  const shares = Array.from({ length: binds }, (_, index) => paceShare(tps, binds, index + 1))
  return acquireSlots(database, { connector, shares, wanted }, holder, ttlMs, releaseAfterMs)
}

async function slots(connector: string, holder: string, asked: Asked = {}): Promise<number[]> {
  return (await lease(connector, holder, asked)).map(({ slot }) => slot)
}

function paceOf(leases: readonly SlotLease[]): number {
  return leases.reduce((total, { pace }) => total + pace, 0)
}

/** The slots of all holders. */
function rowsOf(connector: string): Promise<{ slot: number; holder: string; pace: number }[]> {
  const text = 'select slot, holder, pace from bind_slots where connector = $1'
  return database.run({ name: 'test.rows', text }, [connector])
}

test('slots are never held by two, and a holder keeps its own', async () => {
  expect(await slots('c1', 'one', { wanted: 2 })).toEqual([1, 2])
  expect(await slots('c1', 'two')).toEqual([3])
  expect(await slots('c1', 'one')).toEqual([1, 2])
})

test('a released slot, and one whose time ran out, go to whoever asks next', async () => {
  await slots('c2', 'one', { ttlMs: 0 })
  await releaseSlots(database, 'two', 'c2', [1])
  expect(await slots('c2', 'two')).toEqual([1, 2, 3])
  await releaseSlots(database, 'two', 'c2', [2])
  expect(await slots('c2', 'one')).toEqual([2])
})

test('a slot that ran out waits for the dead-peer time of the SMSC on top', async () => {
  await slots('c3', 'one', { binds: 1, ttlMs: 0 })
  expect(await slots('c3', 'two', { binds: 1, releaseAfterMs: 60_000 })).toEqual([])
})

test('no slot and no share goes to two that ask at the same time', async () => {
  const holders = Array.from({ length: 8 }, (_, index) => `holder-${index}`)
  const leases = await Promise.all(holders.map((holder) => lease('c4', holder, { wanted: 2 })))
  const held = leases.flat().map(({ slot }) => slot)
  expect(held.toSorted((a, b) => a - b)).toEqual([1, 2, 3])
  expect(paceOf(leases.flat())).toBe(30)
})

test('the slots of all processes share the pace between them', async () => {
  expect(await lease('c5', 'one', { tps: 20, wanted: 2 })).toEqual([
    { slot: 1, pace: 7 },
    { slot: 2, pace: 7 },
  ])
  expect(await lease('c5', 'two', { tps: 20 })).toEqual([{ slot: 3, pace: 6 }])
  expect(await lease('c6', 'one', { tps: 0.5 })).toEqual([
    { slot: 1, pace: 0.5 },
    { slot: 2, pace: 0 },
    { slot: 3, pace: 0 },
  ])
})

test('with fewer binds no slot is taken while others still hold as many', async () => {
  await slots('c7', 'one', { wanted: 2 })
  await slots('c7', 'two', { wanted: 1 })
  // Now the connector allows two. One holder knows it, and the other still holds slot 3.
  await releaseSlots(database, 'one', 'c7', [2])
  expect(await slots('c7', 'one', { binds: 2 })).toEqual([1])
  expect(await slots('c7', 'three', { binds: 2 })).toEqual([])
  await releaseSlots(database, 'two', 'c7', [3])
  expect(await slots('c7', 'three', { binds: 2 })).toEqual([2])
})

test('with a higher pace nobody is granted what others have not given up yet', async () => {
  // Slot 1 and slot 2 change their shares from 20 and 20 to 15 and 15, and slot 3 is new.
  await lease('c8', 'one', { binds: 2, tps: 40, wanted: 1 })
  await lease('c8', 'two', { binds: 2, tps: 40, wanted: 1 })
  const third = () => lease('c8', 'three', { binds: 3, tps: 45, wanted: 1 })
  expect(await third()).toEqual([{ slot: 3, pace: 5 }])
  expect(await lease('c8', 'one', { tps: 45, wanted: 1 })).toEqual([{ slot: 1, pace: 15 }])
  expect(await third()).toEqual([{ slot: 3, pace: 10 }])
})

test('a claim waits for the one before it and counts what that one was granted', async () => {
  const shares = [10]
  let second: Promise<SlotLease[]> | undefined
  await database.transaction(async (run) => {
    const claim = { connector: 'c10', shares, wanted: 1 }
    await acquireSlots({ ...database, run }, claim, 'one', TTL_MS, 0)
    second = lease('c10', 'two', { binds: 2, tps: 10 })
    const text = 'select 1 from pg_locks where not granted and database = ' + OWN_DATABASE
    const waits = async () => (await database.run({ name: 'test.waits', text })).length > 0
    await expect.poll(waits, { timeout: 5_000 }).toBe(true)
  })
  expect(await second).toEqual([{ slot: 2, pace: 0 }])
})

test('a row of a process that writes no pace counts with the share of its slot', async () => {
  const text = `insert into bind_slots (connector, slot, holder, held_until)
    values ('c9', 1, 'older', now() + interval '1 minute')`
  await database.run({ name: 'test.older', text })
  expect(await lease('c9', 'newer')).toEqual([
    { slot: 2, pace: 10 },
    { slot: 3, pace: 10 },
  ])
})

test('no process adds a bind or pace beyond what it believes, whatever others do', async () => {
  const claims = fc.record({
    holder: fc.constantFrom('one', 'two', 'three'),
    binds: fc.integer({ min: 1, max: 4 }),
    tps: fc.constantFrom(0.5, 1, 2, 7, 20),
    wanted: fc.integer({ min: 1, max: 4 }),
    leaves: fc.boolean(),
  })
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(claims, { maxLength: 15 }), async (steps) => {
      const connector = `random-${run++}`
      let before = await rowsOf(connector)
      for (const { holder, leaves, ...asked } of steps) {
        if (leaves) await releaseSlots(database, holder, connector, [1, 2])
        else await lease(connector, holder, asked)
        const rows = await rowsOf(connector)
        const { binds, tps } = asked
        expect(rows.length).toBeLessThanOrEqual(Math.max(binds, before.length))
        expect(paceOf(rows)).toBeLessThanOrEqual(
          Math.max(tps < 1 ? tps : Math.floor(tps), paceOf(before)),
        )
        before = rows
      }
    }),
    { numRuns: 40 },
  )
}, 60_000)
