import { expect, test } from 'vitest'
import type { BoundState } from '../../cluster/boundConnectorTable.ts'
import { Caretaker, type LeaseRound } from './caretaker.ts'

/**
 * A caretaker of one connector. The test sets the clock, and whether other processes have the
 * connector bound, which means that they have a bind to its SMSC.
 */
function caring() {
  const state = { nowMs: 0, isBoundElsewhere: false, isAway: false }
  const told: BoundState[] = []
  const changes: boolean[] = []
  const troubles: string[] = []
  const answer = async <Value>(value: Value): Promise<Value> => {
    if (state.isAway) throw new Error('away')
    return value
  }
  const caretaker: Caretaker = new Caretaker({
    tellBound: async (bound) => void told.push(await answer(bound)),
    isBoundElsewhere: () => answer(state.isBoundElsewhere),
    onChange: () => changes.push(caretaker.caresFor('nl')),
    onTrouble: (what) => troubles.push(what),
    now: () => state.nowMs,
  })
  const round = async (atMs: number, found: Partial<LeaseRound> = {}): Promise<boolean> => {
    state.nowMs = atMs
    const unbound = { slots: [1], heldUntilMs: atMs + 90_000, boundSlots: [] }
    await caretaker.look('nl', { ...unbound, ...found })
    return caretaker.caresFor('nl')
  }
  return { caretaker, changes, round, state, told, troubles }
}

test('a caretaker starts when the connector has had no bind for 5 seconds', async () => {
  const { changes, round } = caring()
  expect(await round(0, { boundSlots: [1] })).toBe(false)
  expect(await round(2_000)).toBe(false)
  expect(await round(6_000)).toBe(false)
  expect(await round(8_000)).toBe(true)
  expect(await round(10_000, { boundSlots: [1] })).toBe(false)
  expect(await round(12_000)).toBe(false)
  expect(await round(18_000)).toBe(true)
  expect(changes).toEqual([true, false, true])
})

test('a caretaker does nothing while another process has the connector bound', async () => {
  const { changes, round, state } = caring()
  state.isBoundElsewhere = true
  expect(await round(0)).toBe(false)
  expect(await round(8_000)).toBe(false)
  state.isBoundElsewhere = false
  expect(await round(10_000)).toBe(true)
  state.isBoundElsewhere = true
  expect(await round(12_000)).toBe(false)
  expect(changes).toEqual([true, false])
})

test('only the holder of the first slot is the caretaker, and only during its lease', async () => {
  const { caretaker, changes, round, state } = caring()
  expect(await round(0, { slots: [2, 3] })).toBe(false)
  expect(await round(8_000, { slots: [2, 3] })).toBe(false)
  expect(await round(10_000, { slots: [1, 2], heldUntilMs: 20_000 })).toBe(true)
  state.nowMs = 20_000
  expect(caretaker.caresFor('nl')).toBe(false)
  expect(await round(21_000)).toBe(true)
  caretaker.leave('nl', [1])
  expect(caretaker.caresFor('nl')).toBe(false)
  expect(changes).toEqual([true, false])
})

test('each change of the held or bound slots is reported once to the other processes', async () => {
  const { round, told } = caring()
  await round(0)
  await round(2_000)
  await round(4_000, { boundSlots: [1] })
  await round(6_000, { boundSlots: [1] })
  await round(8_000, { boundSlots: [2], slots: [1, 2] })
  await round(10_000, { slots: [] })
  expect(told).toEqual([
    { connector: 'nl', slots: [1], boundSlots: [] },
    { connector: 'nl', slots: [1], boundSlots: [1] },
    { connector: 'nl', slots: [1, 2], boundSlots: [2] },
  ])
})

test('other processes are told again if the leases were lost or may have been lost', async () => {
  const { round, told } = caring()
  await round(0)
  await round(2_000, { slots: [] })
  await round(4_000)
  expect(told).toHaveLength(2)
  // For longer than the leases last, the database was unavailable and no round ran.
  await round(100_000)
  await round(102_000)
  expect(told).toHaveLength(3)
})

test('a failed report, or a failed query, is repeated in the next round', async () => {
  const { round, state, told, troubles } = caring()
  state.isAway = true
  expect(await round(0)).toBe(false)
  expect(await round(8_000)).toBe(false)
  expect(troubles).toHaveLength(2)
  state.isAway = false
  expect(await round(10_000)).toBe(true)
  expect(told).toHaveLength(1)
})
