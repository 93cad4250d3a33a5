import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Database } from '../../database/database.ts'
import { openTestStore, type TestStore } from '../../database/testing/testStore.ts'
import { type LeavingEntry, putLater } from '../../message/waitingMessageTable.ts'
import { DueSearch } from './dueSearch.ts'

const CLAIM_MS = 60_000
const NORTH = 'submit.north.bulk'
const SOUTH = 'submit.south.bulk'
const NOW_MS = 1_000_000_000

let store: TestStore
let database: Database
beforeEach(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterEach(() => store.drop())

async function put(queue: string, dueInMs: readonly number[]): Promise<void> {
  const entries = dueInMs.map((inMs) => ({
    envelopeId: randomUUID(),
    dueAtMs: NOW_MS + inMs,
    queue,
    payload: Buffer.from(`${inMs}`),
    messages: 1,
  }))
  await putLater(database.run, entries, NOW_MS)
}

function textsOf(entries: readonly LeavingEntry[]): string[] {
  return entries.map(({ payload }) => payload.toString()).toSorted()
}

/** A search with a clock that only the test moves. */
function searchWithClock() {
  const clock = { ms: 0 }
  const search = new DueSearch(database, () => clock.ms)
  const claim = (max: number, cleared: readonly string[] = []) =>
    search.claim(max, CLAIM_MS, cleared)
  return { clock, claim }
}

test('a claim continues where the last one ended, and a full search starts over', async () => {
  const { clock, claim } = searchWithClock()
  await put(NORTH, [-50_000, -40_000, -30_000, -20_000, -10_000])
  expect(textsOf(await claim(2))).toEqual(['-40000', '-50000'])
  await put(NORTH, [-60_000])
  await put(SOUTH, [-1_000])
  expect(textsOf(await claim(2))).toEqual(['-20000', '-30000'])
  clock.ms = 500
  expect(textsOf(await claim(2))).toEqual(['-1000', '-60000'])
  expect(textsOf(await claim(2))).toEqual(['-10000'])
  expect(await claim(2)).toEqual([])
})

test('messages due before those already claimed are found if no later ones are due', async () => {
  const { claim } = searchWithClock()
  await put(NORTH, [-50_000, -40_000])
  expect(textsOf(await claim(2))).toEqual(['-40000', '-50000'])
  await put(NORTH, [-60_000])
  expect(textsOf(await claim(2))).toEqual(['-60000'])
})

test('all messages of a cleared queue are claimed, even if they are not due yet', async () => {
  const { claim } = searchWithClock()
  await put(NORTH, [1_000_000, 2_000_000, 3_000_000, 4_000_000, 5_000_000])
  const claimed = [...(await claim(2, [NORTH])), ...(await claim(2, [NORTH]))]
  claimed.push(...(await claim(2, [NORTH])))
  expect(claimed).toHaveLength(5)
})
