import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LaneOrder } from './laneOrder.ts'

const full = { size: 1000 }
const empty = { size: 0 }

function picks(order: LaneOrder, lanes: readonly { size: number }[], count: number) {
  return Array.from({ length: count }, () => order.next(lanes))
}

test('if all lanes have items, lower lanes get their shares, and the first lane the rest', () => {
  const order = new LaneOrder(3, 16)
  const sent = picks(order, [full, full, full], 160)
  expect(sent.slice(0, 32).join('')).toBe('00000000000000120000000000000102')
  for (let start = 0; start + 16 <= sent.length; start++) {
    const window = sent.slice(start, start + 16)
    expect(window.filter((lane) => lane === 1).length).toBeGreaterThanOrEqual(1)
    expect(window.filter((lane) => lane === 2).length).toBeGreaterThanOrEqual(1)
    expect(window.filter((lane) => lane === 0).length).toBeGreaterThanOrEqual(13)
  }
})

test('the only lane with items gets every pick, and empty lanes are never picked', () => {
  const order = new LaneOrder(3, 16)
  for (const lane of [0, 1, 2]) {
    const lanes = [0, 1, 2].map((index) => (index === lane ? full : empty))
    expect(new Set(picks(order, lanes, 100))).toEqual(new Set([lane]))
  }
  expect(order.next([empty, empty, empty])).toBeUndefined()
})

test('even if only a lower lane was served before, a burst in the first lane goes first', () => {
  const order = new LaneOrder(3, 16)
  picks(order, [empty, full, empty], 15)
  expect(new Set(picks(order, [full, full, full], 14))).toEqual(new Set([0]))
})

test('a lane with items is served within servedWithin picks, whatever other lanes receive', () => {
  const lanes = fc.integer({ min: 1, max: 5 })
  const arrivals = fc.array(fc.array(fc.nat({ max: 3 }), { minLength: 5, maxLength: 5 }), {
    maxLength: 300,
  })
  fc.assert(
    fc.property(lanes, fc.nat({ max: 20 }), arrivals, (count, more, rounds) => {
      const servedWithin = count + more
      const order = new LaneOrder(count, servedWithin)
      const sizes = Array.from({ length: count }, () => ({ size: 0 }))
      const waited = sizes.map(() => 0)
      for (const round of rounds) {
        for (const [lane, one] of sizes.entries()) one.size += round[lane] ?? 0
        const chosen = order.next(sizes)
        expect(chosen === undefined).toBe(sizes.every(({ size }) => size === 0))
        for (const [lane, one] of sizes.entries()) {
          if (lane === chosen) expect(one.size--).toBeGreaterThan(0)
          waited[lane] = lane === chosen || one.size === 0 ? 0 : (waited[lane] ?? 0) + 1
          expect(waited[lane]).toBeLessThan(servedWithin)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('a lane goes before a more urgent lane only after 14 picks from other lanes', () => {
  const sizes = fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()), { maxLength: 300 })
  fc.assert(
    fc.property(sizes, (rounds) => {
      const order = new LaneOrder(3, 16)
      const passedOver = [0, 0, 0]
      for (const round of rounds) {
        const chosen = order.next(round.map((has) => (has ? full : empty)))
        if (chosen !== undefined && chosen > round.indexOf(true))
          expect(passedOver[chosen]).toBeGreaterThanOrEqual(14)
        for (const [lane, has] of round.entries())
          passedOver[lane] = lane === chosen || !has ? 0 : (passedOver[lane] ?? 0) + 1
      }
    }),
    { numRuns: 500 },
  )
})
