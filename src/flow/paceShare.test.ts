import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pacer } from './pacer.ts'
import { paceShare } from './paceShare.ts'

test('shares are whole and differ by at most one', () => {
  const shares = [1, 2, 3].map((slot) => paceShare(10, 3, slot))
  expect(shares).toEqual([4, 3, 3])
  expect([1, 2, 3].map((slot) => paceShare(2.5, 3, slot))).toEqual([1, 1, 0])
  expect([1, 2].map((slot) => paceShare(0.2, 2, slot))).toEqual([0.2, 0])
})

test('slots that all send as much as they may stay within the pace in any sliding second', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 30, noNaN: true }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: 0, max: 120 }), { maxLength: 200 }),
      (rate, slots, gapsMs) => {
        const pacers = Array.from(
          { length: slots },
          (_, index) => new Pacer(paceShare(rate, slots, index + 1)),
        )
        const sentAtMs: number[] = []
        let nowMs = 0
        for (const gapMs of gapsMs) {
          nowMs += gapMs
          for (const pacer of pacers) {
            if (pacer.waitMs(nowMs) > 0) continue
            pacer.sent(nowMs)
            sentAtMs.push(nowMs)
          }
        }
        for (const startMs of sentAtMs) {
          const within = sentAtMs.filter((atMs) => atMs >= startMs && atMs < startMs + 1000)
          expect(within.length).toBeLessThanOrEqual(Math.max(1, rate))
        }
      },
    ),
  )
})
