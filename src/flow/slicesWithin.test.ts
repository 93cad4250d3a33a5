import { expect, test } from 'vitest'
import { slicesWithin } from './slicesWithin.ts'

function sizesOf(sizes: readonly number[], limits: { items: number; octets: number }) {
  return slicesWithin(sizes, limits, (size) => size)
}

test('a slice ends before the item that would exceed the limit of items or octets', () => {
  const limits = { items: 3, octets: 10 }
  expect(sizesOf([1, 1, 1, 1, 6, 4, 5, 5], limits)).toEqual([[1, 1, 1], [1, 6], [4, 5], [5]])
  expect(sizesOf([6, 4], limits)).toEqual([[6, 4]])
  expect(sizesOf([], limits)).toEqual([])
})

test('an item that is larger than the limit of octets gets its own slice', () => {
  expect(sizesOf([1, 20, 1], { items: 3, octets: 10 })).toEqual([[1], [20], [1]])
})
