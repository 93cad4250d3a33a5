import { expect, test } from 'vitest'
import { SlidingSecond } from './slidingSecond.ts'

test('at most max messages are accepted in any second, and excess messages do not count', () => {
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

test('a maximum of 0 means no limit', () => {
  const second = new SlidingSecond(0)
  expect([0, 0, 0].map((atMs) => second.take(atMs))).toEqual([true, true, true])
})
