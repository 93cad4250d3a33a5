import { expect, test } from 'vitest'
import { Increases } from './increases.ts'

test('what several processes counted is added up, each reading once', () => {
  const increases = new Increases()
  for (const value of [2, 2, 5]) increases.read('1', 'no_answer', value)
  increases.read('2', 'no_answer', 4)
  increases.read('2', 'link_lost', 0)
  expect([...increases.sums]).toEqual([
    ['no_answer', 9],
    ['link_lost', 0],
  ])
})

test('a process that starts again counts from 0, also if it soon counts more than before', () => {
  const increases = new Increases()
  increases.read('1', 'no_answer', 3)
  increases.read('2', 'no_answer', 4)
  expect([...increases.sums]).toEqual([['no_answer', 7]])
})
