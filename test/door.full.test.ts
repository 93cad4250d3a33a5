// Sends odd requests to the gateway. `npm run prove -- door` sends a million of them.

import { expect, test } from 'vitest'
import { fuzzDoor } from './fuzzDoor.ts'

const COUNT = 20_000

test('accepted odd messages reach a final state, and other customers are unaffected', async () => {
  const report = await fuzzDoor({ count: COUNT, seed: 1, rate: 1_000, onProgress: () => undefined })
  expect(report.faults).toEqual([])
  expect(report.sent).toBe(COUNT)
  // The fuzz proves something only if many messages are accepted and some of them fail later.
  expect(report.accepted).toBeGreaterThan(COUNT / 4)
  expect(report.states.get('DELIVERED')).toBeGreaterThan(0)
  expect(report.states.get('UNDELIVERABLE')).toBeGreaterThan(0)
  expect(report.answers.size).toBeGreaterThan(5)
})
