import { expect, test } from 'vitest'
import type { KillAction } from './killSchedule.ts'
import { longestRecoveries } from './recoveries.ts'
import { Silences } from './silences.ts'

test('a silence is found between two events that are at least minMs apart', () => {
  const silences = new Silences(200)
  for (const atMs of [1_000, 1_100, 1_300, 1_499, 2_000]) silences.event(atMs)
  expect(silences.found).toEqual([
    { fromMs: 1_100, toMs: 1_300 },
    { fromMs: 1_499, toMs: 2_000 },
  ])
})

test('the longest recovery of each kind is counted from the action that caused the silence', () => {
  const kill = (victim: string, atMs: number): KillAction => ({
    kind: 'kill',
    victim,
    atMs,
    forMs: 0,
  })
  const actions = [kill('gateway', 1_000), kill('router', 8_000), kill('router', 20_000)]
  const silences = [
    // This silence began just before the kill.
    { fromMs: 990, toMs: 3_000 },
    // This silence began long after any action.
    { fromMs: 5_000, toMs: 5_300 },
    { fromMs: 8_050, toMs: 9_000 },
    // This silence began just after the last action.
    { fromMs: 20_100, toMs: 21_400 },
  ]
  expect([...longestRecoveries(actions, silences)]).toEqual([
    ['kill of gateway', 2_000],
    ['kill of router', 1_400],
    ['no action', 300],
  ])
})
