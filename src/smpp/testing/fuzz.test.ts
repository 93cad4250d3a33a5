import { expect, test } from 'vitest'
import { seededRandom } from '../../lab/seededRandom.ts'
import { fuzzSessions } from './fuzzSessions.fixture.ts'

// Ten million of them: npm run prove -- fuzz.
test('sessions of both sides survive 10,000 mutated PDUs, and write only whole ones', async () => {
  const counts = await fuzzSessions(seededRandom(1), ({ pdus }) => pdus >= 10_000)
  // What was sent got as far as owners, and answers got as far as who asked.
  expect(counts.handled).toBeGreaterThan(100)
  expect(counts.outcomes).toBeGreaterThan(20)
  expect(counts.written).toBeGreaterThan(1000)
  // Messages were read as owners do: receipts, and parts that made a whole or did not.
  expect(counts.messages).toBeGreaterThan(1000)
  expect(counts.receipts).toBeGreaterThan(300)
  expect(counts.joined).toBeGreaterThan(10)
  expect(counts.incomplete).toBeGreaterThan(20)
})
