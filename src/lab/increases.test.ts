import { expect, test } from 'vitest'
import { Increases } from './increases.ts'

test('counters of several processes are added up without counting a reading twice', () => {
  const increases = new Increases()
  for (const value of [2, 2, 5]) increases.read('1', 'no_answer', value)
  increases.read('2', 'no_answer', 4)
  increases.read('2', 'link_lost', 0)
  expect([...increases.sums]).toEqual([
    ['no_answer', 9],
    ['link_lost', 0],
  ])
})

test('a restarted process counts from 0, even if its count soon exceeds the former count', () => {
  const increases = new Increases()
  increases.read('1', 'no_answer', 3)
  increases.read('2', 'no_answer', 4)
  expect([...increases.sums]).toEqual([['no_answer', 7]])
})
