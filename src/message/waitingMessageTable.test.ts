import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Database } from '../database/database.ts'
import {
  claimDue,
  countWaiting,
  type LeavingEntry,
  leavingEnvelopes,
  makeDue,
  putLater,
  removeLeft,
} from './waitingMessageTable.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'

let store: TestStore
let database: Database

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

function entry(dueInMs: number) {
  return {
    envelopeId: randomUUID(),
    dueAtMs: Date.now() + dueInMs,
    queue: 'submit.sim.normal',
    payload: Buffer.from('x'),
    messages: 1,
  }
}

const CLAIM_MS = 60_000

test('what is put twice is there once, and only what is due can be claimed', async () => {
  const due = entry(-1)
  const entries = [due, entry(60_000)]
  for (let i = 0; i < 2; i++) await database.transaction((run) => putLater(run, entries))
  const claimed = await claimDue(database, 10, CLAIM_MS)
  expect(claimed.map(({ envelopeId }) => envelopeId)).toEqual([due.envelopeId])
  // It is leaving now, and nobody else gets it while the claim lasts.
  expect(await claimDue(database, 10, CLAIM_MS)).toEqual([])
  expect(await leavingIds()).toEqual([due.envelopeId])
  await removeLeft(database, claimed)
  expect(await leavingIds()).toEqual([])
  expect(await countWaiting(database.run)).toBe(1)
})

test('only the last of several claimants removes it', async () => {
  const { envelopeId } = await putOne()
  const first = await claimDue(database, 10, CLAIM_MS)
  const second = await untilClaimedAgain()
  await removeLeft(database, first)
  expect(await leavingIds()).toEqual([envelopeId])
  await removeLeft(database, second)
  expect(await leavingIds()).toEqual([])
})

test('what waits to return to a queue can be made due at once, and nothing else', async () => {
  const cleared = { ...entry(60_000), queue: 'submit.cleared.bulk' }
  const other = { ...entry(60_000), queue: 'submit.other.bulk' }
  await database.transaction((run) => putLater(run, [cleared, other]))
  await makeDue(database, ['submit.cleared.bulk', 'submit.cleared.normal'])
  const claimed = await claimDue(database, 10, CLAIM_MS)
  expect(claimed.map(({ envelopeId }) => envelopeId)).toEqual([cleared.envelopeId])
  await removeLeft(database, claimed)
})

async function putOne() {
  const due = entry(-1)
  await putLater(database.run, [due])
  return due
}

/** The former claim ends at the next millisecond. */
async function untilClaimedAgain(): Promise<LeavingEntry[]> {
  const options = { timeout: 1_000, interval: 1 }
  let claimed: LeavingEntry[] = []
  await vi.waitUntil(async () => (claimed = await claimDue(database, 10, 0)).length > 0, options)
  return claimed
}

async function leavingIds(): Promise<string[]> {
  return (await leavingEnvelopes(database)).envelopeIds
}

test('a message waits as long as its worker said, also by a wrong clock', async () => {
  for (const wrongByMs of [3_600_000, -3_600_000]) {
    const nowMs = Date.now() + wrongByMs
    const due = { ...entry(0), dueAtMs: nowMs - 1 }
    const waiting = { ...entry(0), dueAtMs: nowMs + 60_000 }
    await database.transaction((run) => putLater(run, [due, waiting], nowMs))
    const claimed = await claimDue(database, 10, 3_600_000)
    expect(claimed.map(({ envelopeId }) => envelopeId)).toEqual([due.envelopeId])
  }
})
