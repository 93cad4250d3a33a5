import { expect, test } from 'vitest'
import { takeovers } from './takeovers.ts'

const changes = (...pairs: [number, number][]) => pairs.map(([atMs, open]) => ({ atMs, open }))

test('a takeover lasts from the loss of a bind until the next new bind', () => {
  const seen = changes([0, 1], [5, 2], [100, 1], [150, 2], [200, 1], [210, 0], [300, 1], [350, 2])
  expect(takeovers(seen, 2)).toEqual([
    { lostAtMs: 100, regainedAtMs: 150 },
    { lostAtMs: 200, regainedAtMs: 300 },
    { lostAtMs: 210, regainedAtMs: 350 },
  ])
})

test('losses count only after all binds were open, and a loss may have no replacement', () => {
  const seen = changes([0, 1], [1, 0], [2, 1], [3, 2], [50, 1])
  expect(takeovers(seen, 2)).toEqual([{ lostAtMs: 50, regainedAtMs: undefined }])
  expect(takeovers(changes([0, 1]), 2)).toEqual([])
})

test('an extra bind is not a takeover, and its end is not a loss', () => {
  expect(takeovers(changes([0, 2], [10, 3], [20, 2]), 2)).toEqual([])
})
