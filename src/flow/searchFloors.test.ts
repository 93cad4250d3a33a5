import { expect, test } from 'vitest'
import { SearchFloors, WHOLE_LIST } from './searchFloors.ts'

function floorsAt() {
  const clock = { nowMs: 0 }
  return { clock, floors: new SearchFloors(() => clock.nowMs) }
}

test('a search starts 1,000 keys below the first that was found, for a second', () => {
  const { clock, floors } = floorsAt()
  expect(floors.of('submit.north.normal')).toBe(WHOLE_LIST)
  floors.searched('submit.north.normal', '25000', 0)
  expect(floors.of('submit.north.normal')).toBe('24000')
  expect(floors.of('submit.south.normal')).toBe(WHOLE_LIST)
  clock.nowMs = 999
  expect(floors.of('submit.north.normal')).toBe('24000')
  clock.nowMs = 1_000
  expect(floors.of('submit.north.normal')).toBe(WHOLE_LIST)
})

test('a list that is found empty keeps its floor, and one that never had rows has none', () => {
  const { clock, floors } = floorsAt()
  floors.searched('dlr', '90000', 0)
  clock.nowMs = 1_000
  floors.searched('dlr', undefined, 1_000)
  expect(floors.of('dlr')).toBe('89000')
  floors.searched('journal', undefined, 1_000)
  expect(floors.of('journal')).toBe(WHOLE_LIST)
})

test('a list of few keys has no floor, and a floor that is dropped is gone', () => {
  const { floors } = floorsAt()
  floors.searched('dlr', '1000', 0)
  expect(floors.of('dlr')).toBe(WHOLE_LIST)
  floors.searched('dlr', '90000', 0)
  floors.drop('dlr')
  expect(floors.of('dlr')).toBe(WHOLE_LIST)
})

test('searches of the whole list take at most two percent of the time', () => {
  const { clock, floors } = floorsAt()
  clock.nowMs = 100
  floors.searched('dlr', '90000', 0)
  clock.nowMs = 5_099
  expect(floors.of('dlr')).toBe('89000')
  clock.nowMs = 5_100
  expect(floors.of('dlr')).toBe(WHOLE_LIST)
  clock.nowMs = 10_000
  floors.searched('dlr', '90000', 5_100)
  clock.nowMs = 39_999
  expect(floors.of('dlr')).toBe('89000')
  clock.nowMs = 40_000
  expect(floors.of('dlr')).toBe(WHOLE_LIST)
})
