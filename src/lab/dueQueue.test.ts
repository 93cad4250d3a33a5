import { expect, test } from 'vitest'
import { DueQueue } from './dueQueue.ts'
import { seededRandom } from './seededRandom.ts'

test('items are taken in order of time and never before they are due', () => {
  const queue = new DueQueue<string>(10)
  queue.add(31, 'c')
  queue.add(5, 'a')
  queue.add(30, 'b')
  expect(queue.nextAtMs).toBe(10)
  expect(queue.takeDue(9)).toEqual([])
  expect(queue.takeDue(10)).toEqual(['a'])
  expect(queue.takeDue(100)).toEqual(['b', 'c'])
  expect(queue.size).toBe(0)
  expect(queue.nextAtMs).toBeUndefined()
})

test('when the limit is reached, later buckets are left for the next call', () => {
  const queue = new DueQueue<number>()
  for (let at = 0; at < 10; at += 1) queue.add(at, at)
  expect(queue.takeDue(100, 3)).toEqual([0, 1, 2])
  expect(queue.size).toBe(7)
  expect(queue.takeDue(100)).toHaveLength(7)
})

test('many items with random times are taken in order', () => {
  const random = seededRandom(7)
  const queue = new DueQueue<number>()
  const added = Array.from({ length: 5_000 }, () => Math.floor(random() * 2_000))
  for (const at of added) queue.add(at, at)
  const taken: number[] = []
  for (let now = 0; now < 2_040; now += 37) taken.push(...queue.takeDue(now))
  expect(taken).toEqual(added.toSorted((a, b) => a - b))
})

test('the same seed gives the same numbers, which are evenly distributed', () => {
  const draw = (seed: number) => Array.from({ length: 1_000 }, seededRandom(seed))
  expect(draw(42)).toEqual(draw(42))
  expect(draw(42)).not.toEqual(draw(43))
  const mean = draw(42).reduce((sum, one) => sum + one, 0) / 1_000
  expect(mean).toBeGreaterThan(0.45)
  expect(mean).toBeLessThan(0.55)
})
