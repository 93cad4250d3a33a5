import { expect, test } from 'vitest'
import { backOffMs } from './backOff.ts'

test('waiting times double up to the cap, and jitter shortens each time by up to half', () => {
  const longest = [0, 1, 2, 3, 50].map((attempt) => backOffMs(attempt, 100, 500, () => 1))
  const shortest = [0, 1, 2, 3, 50].map((attempt) => backOffMs(attempt, 100, 500, () => 0))
  expect(longest).toEqual([100, 200, 400, 500, 500])
  expect(shortest).toEqual([50, 100, 200, 250, 250])
})
