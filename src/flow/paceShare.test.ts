import fc from 'fast-check'
import { expect, test } from 'vitest'
import { paceShare } from './paceShare.ts'

test('shares are whole numbers that differ by at most one', () => {
  const shares = [1, 2, 3].map((slot) => paceShare(10, 3, slot))
  expect(shares).toEqual([4, 3, 3])
  expect([1, 2, 3].map((slot) => paceShare(2.5, 3, slot))).toEqual([1, 1, 0])
  expect([1, 2].map((slot) => paceShare(0.2, 2, slot))).toEqual([0.2, 0])
})

test('the sum of all shares is the pace; a pace above one is rounded down', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 100, noNaN: true }),
      fc.integer({ min: 1, max: 20 }),
      (rate, slots) => {
        const shares = Array.from({ length: slots }, (_, index) =>
          paceShare(rate, slots, index + 1),
        )
        const total = shares.reduce((sum, share) => sum + share, 0)
        expect(total).toBe(rate < 1 ? rate : Math.floor(rate))
      },
    ),
  )
})
