import { expect, test } from 'vitest'
import { SlidingSecond } from './slidingSecond.ts'

test('so many in any second, and one too many does not count', () => {
  const second = new SlidingSecond(2)
  expect([0, 500, 900, 999, 1_000, 1_400, 1_500].map((atMs) => second.take(atMs))).toEqual([
    true,
    true,
    false,
    false,
    true,
    false,
    true,
  ])
})

test('0 is no limit', () => {
  const second = new SlidingSecond(0)
  expect([0, 0, 0].map((atMs) => second.take(atMs))).toEqual([true, true, true])
})
