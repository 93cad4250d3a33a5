import { expect, test } from 'vitest'
import { SearchFloors, WHOLE_LIST } from './searchFloors.ts'

function floorsAt() {
  const clock = { nowMs: 10 }
  const floors = new SearchFloors(() => clock.nowMs)
  /** Records a search that ends now. */
  const search = (list: string, firstKey: string | undefined, tookMs = 0) =>
    floors.searched(list, floors.of(list), firstKey, clock.nowMs - tookMs)
  return { clock, floors, search }
}

test('for one second, searches start 1,000 keys below the first key found', () => {
  const { clock, floors, search } = floorsAt()
  expect(floors.of('submit.north.normal')).toBe(WHOLE_LIST)
  search('submit.north.normal', '25000')
  expect(floors.of('submit.north.normal')).toBe('24000')
  expect(floors.of('submit.south.normal')).toBe(WHOLE_LIST)
  clock.nowMs += 999
  expect(floors.of('submit.north.normal')).toBe('24000')
  clock.nowMs += 1
  expect(floors.of('submit.north.normal')).toBe(WHOLE_LIST)
})

test('a search from the floor can raise the floor, but does not extend its lifetime', () => {
  const { clock, floors, search } = floorsAt()
  search('dlr', '25000')
  clock.nowMs += 500
  search('dlr', '31000')
  expect(floors.of('dlr')).toBe('30000')
  search('dlr', '24500')
  expect(floors.of('dlr')).toBe('30000')
  clock.nowMs += 500
  expect(floors.of('dlr')).toBe(WHOLE_LIST)
})

test('an empty list keeps its floor, and a list that never had rows has no floor', () => {
  const { clock, floors, search } = floorsAt()
  search('dlr', '90000')
  clock.nowMs += 1_000
  search('dlr', undefined)
  expect(floors.of('dlr')).toBe('89000')
  search('journal', undefined)
  expect(floors.of('journal')).toBe(WHOLE_LIST)
})

test('a list with low keys has no floor, and drop() removes a floor', () => {
  const { floors, search } = floorsAt()
  search('dlr', '1000')
  expect(floors.of('dlr')).toBe(WHOLE_LIST)
  search('dlr', '90000')
  floors.drop('dlr')
  expect(floors.of('dlr')).toBe(WHOLE_LIST)
})

test('a search in progress when the floor is dropped does not restore it', () => {
  const { clock, floors } = floorsAt()
  const startedMs = clock.nowMs
  clock.nowMs += 100
  floors.drop('dlr')
  clock.nowMs += 100
  floors.searched('dlr', WHOLE_LIST, '90000', startedMs)
  expect(floors.of('dlr')).toBe(WHOLE_LIST)
  floors.searched('dlr', WHOLE_LIST, '90000', clock.nowMs)
  expect(floors.of('dlr')).toBe('89000')
})

test('after two slow searches, whole-list searches take at most two percent of the time', () => {
  const { clock, floors, search } = floorsAt()
  search('dlr', '90000', 9)
  clock.nowMs += 1_000
  expect(floors.of('dlr')).toBe(WHOLE_LIST)
  clock.nowMs += 100
  search('dlr', '90000', 100)
  clock.nowMs += 999
  expect(floors.of('dlr')).toBe('89000')
  clock.nowMs += 1
  expect(floors.of('dlr')).toBe(WHOLE_LIST)
  clock.nowMs += 200
  search('dlr', '90000', 200)
  clock.nowMs += 4_999
  expect(floors.of('dlr')).toBe('89000')
  clock.nowMs += 1
  expect(floors.of('dlr')).toBe(WHOLE_LIST)
  for (const tookMs of [5_000, 5_000]) {
    clock.nowMs += 40_000
    search('dlr', '90000', tookMs)
  }
  clock.nowMs += 29_999
  expect(floors.of('dlr')).toBe('89000')
  clock.nowMs += 1
  expect(floors.of('dlr')).toBe(WHOLE_LIST)
})
