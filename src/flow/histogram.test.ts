import { expect, test } from 'vitest'
import { Histogram } from './histogram.ts'

test('a value is counted in the first bucket whose bound it does not exceed', () => {
  const histogram = new Histogram([0.1, 1, 10])
  for (const value of [0.05, 0.1, 0.11, 1, 10, 10.1, 500]) histogram.observe(value)
  expect([...histogram.counts]).toEqual([2, 2, 1, 2])
  expect(histogram.sum).toBeCloseTo(521.36)
})

test('a negative value and NaN count as 0', () => {
  const histogram = new Histogram([0.1, 1])
  for (const value of [-3, Number.NaN]) histogram.observe(value)
  expect([...histogram.counts]).toEqual([2, 0, 0])
  expect(histogram.sum).toBe(0)
})

test('add() adds the counts and the sum of another histogram', () => {
  const [one, other] = [new Histogram([1, 2]), new Histogram([1, 2])]
  for (const value of [0.5, 1.5]) one.observe(value)
  for (const value of [1.25, 7]) other.observe(value)
  one.add(other)
  expect([...one.counts]).toEqual([1, 2, 1])
  expect(one.sum).toBe(10.25)
})
