import { expect, test } from 'vitest'
import { ReceiveFloors, WHOLE_QUEUE } from './receiveFloors.ts'

test('a receive starts 10,000 ids below the first that was found, for a second', () => {
  let nowMs = 0
  const floors = new ReceiveFloors(() => nowMs)
  expect(floors.of('submit.north.normal')).toBe(WHOLE_QUEUE)
  floors.raise('submit.north.normal', '25000')
  expect(floors.of('submit.north.normal')).toBe('15000')
  expect(floors.of('submit.south.normal')).toBe(WHOLE_QUEUE)
  nowMs = 999
  expect(floors.of('submit.north.normal')).toBe('15000')
  nowMs = 1_000
  expect(floors.of('submit.north.normal')).toBe(WHOLE_QUEUE)
})

test('a young queue has no floor, and a floor that is dropped is gone', () => {
  const floors = new ReceiveFloors(() => 0)
  floors.raise('dlr', '10000')
  expect(floors.of('dlr')).toBe(WHOLE_QUEUE)
  floors.raise('dlr', '90000')
  floors.drop('dlr')
  expect(floors.of('dlr')).toBe(WHOLE_QUEUE)
})
