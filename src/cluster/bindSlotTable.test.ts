import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { leaseSlots, releaseSlots, type SlotLease, type SlotTerms } from './bindSlotTable.ts'
import type { Database } from '../database/database.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'
import { paceShare } from '../flow/paceShare.ts'

const TTL_MS = 90_000
const LIMITS = { most: 1_000_000, asks: 0 }
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

function claimOf(connector: string, { binds = 3, tps = 30, wanted = binds }: Asked = {}) {
  const shares = Array.from({ length: binds }, (_, index) => paceShare(tps, binds, index + 1))
  return { connector, shares, wanted, isOverdue: false }
}

async function lease(
  connector: string,
  holder: string,
  { ttlMs = TTL_MS, releaseAfterMs = 0, ...asked }: Asked = {},
): Promise<SlotLease[]> {
  const terms: SlotTerms = { holder, ttlMs, releaseAfterMs }
  const { leases } = await leaseSlots(database, terms, [claimOf(connector, asked)], LIMITS)
  return leases.map(({ pace, slot }) => ({ slot, pace }))
}

function release(holder: string, connector: string, numbers: readonly number[]): Promise<void> {
  const slotsOf = numbers.map((slot) => ({ connector, slot }))
  return releaseSlots(database, holder, slotsOf)
}

async function slots(connector: string, holder: string, asked: Asked = {}): Promise<number[]> {
  return (await lease(connector, holder, asked)).map(({ slot }) => slot)
}

function paceOf(leases: readonly SlotLease[]): number {
  return leases.reduce((total, { pace }) => total + pace, 0)
}

/** Reads the slots of all holders. */
function rowsOf(connector: string): Promise<{ slot: number; holder: string; pace: number }[]> {
  const text = 'select slot, holder, pace from bind_slots where connector = $1'
  return database.run({ name: 'test.rows', text }, [connector])
}

test('a slot has one holder, which keeps the slot when it renews its lease', async () => {
  expect(await slots('c1', 'one', { wanted: 2 })).toEqual([1, 2])
  expect(await slots('c1', 'two')).toEqual([3])
  expect(await slots('c1', 'one')).toEqual([1, 2])
})

test('released and expired slots are leased to the next process that wants them', async () => {
  await slots('c2', 'one', { ttlMs: 0 })
  await release('two', 'c2', [1])
  expect(await slots('c2', 'two')).toEqual([1, 2, 3])
  await release('two', 'c2', [2])
  expect(await slots('c2', 'one')).toEqual([2])
})

test('an expired slot cannot be leased until releaseAfterMs has passed', async () => {
  await slots('c3', 'one', { binds: 1, ttlMs: 0 })
  expect(await slots('c3', 'two', { binds: 1, releaseAfterMs: 60_000 })).toEqual([])
})

test('concurrent claims never lease the same slot or share twice', async () => {
  const holders = Array.from({ length: 8 }, (_, index) => `holder-${index}`)
  // A process gets no slots if another process is claiming slots of the connector at the same time.
  // Therefore each process claims once more below.
  const ask = (holder: string) => lease('c4', holder, { wanted: 2 })
  const first = await Promise.all(holders.map(ask))
  expect(first.flat().length).toBeGreaterThan(0)
  for (const holder of holders) await ask(holder)
  const rows = await rowsOf('c4')
  expect(rows.map(({ slot }) => slot).toSorted((one, other) => one - other)).toEqual([1, 2, 3])
  expect(paceOf(rows)).toBe(30)
  for (const [index, leases] of first.entries())
    for (const { slot } of leases)
      expect(rows.find((row) => row.slot === slot)?.holder).toBe(holders[index])
})

test('the pace of a connector is divided among the slots of all processes', async () => {
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

test('after a decrease of `binds`, no slot is leased until enough slots are released', async () => {
  await slots('c7', 'one', { wanted: 2 })
  await slots('c7', 'two', { wanted: 1 })
  // The connector now allows two binds. Holder `one` knows this, but `two` still holds slot 3.
  await release('one', 'c7', [2])
  expect(await slots('c7', 'one', { binds: 2 })).toEqual([1])
  expect(await slots('c7', 'three', { binds: 2 })).toEqual([])
  await release('two', 'c7', [3])
  expect(await slots('c7', 'three', { binds: 2 })).toEqual([2])
})

test('a new slot gets no share of the pace that other slots have not yet given up', async () => {
  // The shares of slots 1 and 2 change from 20 each to 15 each, and slot 3 is new.
  await lease('c8', 'one', { binds: 2, tps: 40, wanted: 1 })
  await lease('c8', 'two', { binds: 2, tps: 40, wanted: 1 })
  const third = () => lease('c8', 'three', { binds: 3, tps: 45, wanted: 1 })
  expect(await third()).toEqual([{ slot: 3, pace: 5 }])
  expect(await lease('c8', 'one', { tps: 45, wanted: 1 })).toEqual([{ slot: 1, pace: 15 }])
  expect(await third()).toEqual([{ slot: 3, pace: 10 }])
})

test('a claim does not wait for an uncommitted claim, but respects a committed one', async () => {
  const claim = { ...claimOf('c10', { binds: 1, tps: 10 }) }
  const terms = { holder: 'one', ttlMs: TTL_MS, releaseAfterMs: 0 }
  const second = () => lease('c10', 'two', { binds: 2, tps: 10 })
  await database.transaction(async (run) => {
    await leaseSlots({ ...database, run }, terms, [claim], LIMITS)
    expect(await second()).toEqual([])
  })
  expect(await second()).toEqual([{ slot: 2, pace: 0 }])
})

test('a connector locked by another transaction does not delay other connectors', async () => {
  const claims = ['c11', 'c12', 'c13'].map((connector) => claimOf(connector, { binds: 1 }))
  const all = (holder: string, ttlMs = TTL_MS) =>
    leaseSlots(database, { holder, ttlMs, releaseAfterMs: 0 }, claims, LIMITS)
  await all('one')
  await database.transaction(async (run) => {
    // These locks are those of a process that is suspended while it updates a row of c11 and takes
    // a slot of c12.
    const text = `update bind_slots set bound = true where connector = 'c11'`
    await run({ name: 'test.lock', text })
    const lock = `select pg_advisory_xact_lock(hashtext('signalbox.bind_slots'), hashtext('c12'))`
    await run({ name: 'test.advisory', text: lock })
    const { leases, locked } = await all('one')
    expect(leases.map(({ connector }) => connector)).toEqual(['c12', 'c13'])
    expect(locked).toEqual(['c11'])
    await release('one', 'c12', [1])
    await release('one', 'c13', [1])
    expect(await all('two')).toMatchObject({ leases: [{ connector: 'c13' }], free: ['c12'] })
  })
  expect((await all('one')).leases.map(({ connector }) => connector)).toEqual(['c11', 'c12'])
})

test('a holder with two slots more than the claimant is asked for an unlocked slot', async () => {
  const claims = ['c14', 'c15'].map((connector) => claimOf(connector, { binds: 1 }))
  const ask = (holder: string) =>
    leaseSlots(database, { holder, ttlMs: TTL_MS, releaseAfterMs: 0 }, claims, {
      ...LIMITS,
      asks: 10,
    })
  await ask('one')
  await database.transaction(async (run) => {
    const text = `update bind_slots set bound = true where connector in ('c14', 'c15')`
    await run({ name: 'test.lockBoth', text })
    expect(await ask('two')).toMatchObject({ awaited: [], hasMissed: true })
  })
  const { awaited, hasMissed } = await ask('two')
  expect({ awaited: awaited.length, hasMissed }).toEqual({ awaited: 1, hasMissed: false })
  const { leases } = await ask('one')
  expect(leases.filter(({ isAsked }) => isAsked).map(({ connector }) => connector)).toEqual(awaited)
})

test('processes that claim slots of the same connectors concurrently never deadlock', async () => {
  const ids = Array.from({ length: 30 }, (_, index) => `deadlock-${index}`)
  const orders = [ids, ids.toReversed()]
  const ask = (index: number) => {
    const terms = { holder: `holder-${index}`, ttlMs: TTL_MS, releaseAfterMs: 0 }
    const claims = (orders[index % 2] ?? ids).map((id) => claimOf(id, { binds: 2, wanted: 1 }))
    return leaseSlots(database, terms, claims, LIMITS)
  }
  for (let round = 0; round < 10; round++)
    await Promise.all(Array.from({ length: 4 }, (_, index) => ask(index)))
  const text = `select count(*)::int as slots from bind_slots where connector like 'deadlock-%'`
  expect(await database.run({ name: 'test.count', text })).toEqual([{ slots: 60 }])
})

test('a slot without a stored pace counts as using its full share', async () => {
  const text = `insert into bind_slots (connector, slot, holder, held_until)
    values ('c9', 1, 'older', now() + interval '1 minute')`
  await database.run({ name: 'test.older', text })
  expect(await lease('c9', 'newer')).toEqual([
    { slot: 2, pace: 10 },
    { slot: 3, pace: 10 },
  ])
})

test('no claim adds binds or pace beyond the limits that its process knows', async () => {
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
        if (leaves) await release(holder, connector, [1, 2])
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
