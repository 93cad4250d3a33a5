import { expect, test } from 'vitest'
import { seededRandom } from '../../lab/seededRandom.ts'
import { fuzzSessions } from './fuzzSessions.fixture.ts'

// `npm run prove -- fuzz` does the same with ten million mutated PDUs.
test('sessions of both sides survive 10,000 mutated PDUs and write only valid PDUs', async () => {
  const counts = await fuzzSessions(seededRandom(1), ({ pdus }) => pdus >= 10_000)
  // Some requests reached their handlers, and some responses reached their callbacks.
  expect(counts.handled).toBeGreaterThan(100)
  expect(counts.outcomes).toBeGreaterThan(20)
  expect(counts.written).toBeGreaterThan(1000)
  // Some messages were receipts, and some were parts of whole or incomplete long messages.
  expect(counts.messages).toBeGreaterThan(1000)
  expect(counts.receipts).toBeGreaterThan(300)
  expect(counts.joined).toBeGreaterThan(10)
  expect(counts.incomplete).toBeGreaterThan(20)
})
