// The front door against whatever customers send. `npm run prove -- door` does it a million times.

import { expect, test } from 'vitest'
import { fuzzDoor } from './fuzzDoor.ts'

const COUNT = 20_000

test('whatever is accepted reaches an end, and nobody else notices', async () => {
  const report = await fuzzDoor({ count: COUNT, seed: 1, rate: 1_000, onProgress: () => undefined })
  expect(report.faults).toEqual([])
  expect(report.sent).toBe(COUNT)
  // Else the fuzz is no test: much of it has to pass the door, and some has to fail behind it.
  expect(report.accepted).toBeGreaterThan(COUNT / 4)
  expect(report.states.get('DELIVERED')).toBeGreaterThan(0)
  expect(report.states.get('UNDELIVERABLE')).toBeGreaterThan(0)
  expect(report.answers.size).toBeGreaterThan(5)
})
