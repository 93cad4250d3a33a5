import { expect, test } from 'vitest'
import { nextWindowSize } from './nextWindowSize.ts'

test.each([
  [16, 0, 18],
  [16, 79, 18],
  [16, 80, 16],
  [16, 90, 16],
  [16, 91, 14],
  [16, 99, 14],
  [16, 100, 8],
  [1, 100, 1],
  [1, 95, 1],
  [1, 0, 2],
  [99, 50, 100],
  [100, 50, 100],
])('a window of %i at congestion_state %i changes to %i', (size, congestionState, next) => {
  expect(nextWindowSize(size, congestionState, 100)).toBe(next)
})
