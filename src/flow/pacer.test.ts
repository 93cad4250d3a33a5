import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pacer } from './pacer.ts'

test('N sends are free and the next waits until the first is a window old', () => {
  const pacer = new Pacer(3)
  for (const atMs of [0, 10, 20]) {
    expect(pacer.waitMs(atMs)).toBe(0)
    pacer.sent(atMs)
  }
  expect(pacer.waitMs(20)).toBe(980)
  expect(pacer.waitMs(1000)).toBe(0)
})

test('a rate below one stretches the window', () => {
  const pacer = new Pacer(0.5)
  pacer.sent(0)
  expect(pacer.waitMs(0)).toBe(2000)
})

test('no sliding second ever holds more sends than the rate', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 300 }),
      (rate, gapsMs) => {
        const pacer = new Pacer(rate)
        const sentAtMs: number[] = []
        let nowMs = 0
        for (const gapMs of gapsMs) {
          nowMs += gapMs
          if (pacer.waitMs(nowMs) > 0) continue
          pacer.sent(nowMs)
          sentAtMs.push(nowMs)
        }
        for (const startMs of sentAtMs) {
          const within = sentAtMs.filter((atMs) => atMs >= startMs && atMs < startMs + 1000)
          expect(within.length).toBeLessThanOrEqual(rate)
        }
      },
    ),
  )
})

test('one that takes over a pace waits until what may have been sent is a window old', () => {
  const pacer = new Pacer(5, 1000, 300)
  expect(pacer.waitMs(300)).toBe(1000)
  expect(pacer.waitMs(1300)).toBe(0)
})
