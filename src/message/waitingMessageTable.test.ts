import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Database } from '../database/database.ts'
import {
  claimDue,
  countWaiting,
  foldWaitingCounts,
  type LeavingEntry,
  leavingEnvelopes,
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

test('an envelope put twice is stored once, and only a due envelope can be claimed', async () => {
  const due = entry(-1)
  const entries = [due, entry(60_000)]
  for (let i = 0; i < 2; i++) await database.transaction((run) => putLater(run, entries))
  const claimed = await claimDue(database, 10, CLAIM_MS)
  expect(claimed.map(({ envelopeId }) => envelopeId)).toEqual([due.envelopeId])
  // The claim has marked the envelope as leaving, so it cannot be claimed again before that claim
  // ends.
  expect(await claimDue(database, 10, CLAIM_MS)).toEqual([])
  expect(await leavingIds()).toEqual([due.envelopeId])
  await removeLeft(database, claimed)
  expect(await leavingIds()).toEqual([])
  expect(await countWaiting(database.run)).toBe(1)
})

test('only the last of several claimants can remove an envelope', async () => {
  const { envelopeId } = await putOne()
  const first = await claimDue(database, 10, CLAIM_MS)
  const second = await untilClaimedAgain()
  await removeLeft(database, first)
  expect(await leavingIds()).toEqual([envelopeId])
  await removeLeft(database, second)
  expect(await leavingIds()).toEqual([])
})

test('envelopes that are not yet due can be claimed only for a cleared queue', async () => {
  const cleared = { ...entry(60_000), queue: 'submit.cleared.bulk' }
  const other = { ...entry(60_000), queue: 'submit.other.bulk' }
  await database.transaction((run) => putLater(run, [cleared, other]))
  const claim = () =>
    claimDue(database, 10, CLAIM_MS, ['submit.cleared.bulk', 'submit.cleared.normal'])
  const claimed = await claim()
  expect(claimed.map(({ envelopeId }) => envelopeId)).toEqual([cleared.envelopeId])
  // Like any other leaving envelope, this envelope cannot be claimed again before its claim ends,
  // and the queue must remember its id.
  expect(await claim()).toEqual([])
  expect(await leavingIds()).toEqual([cleared.envelopeId])
  await removeLeft(database, claimed)
})

test('each queue with due envelopes gets an equal share of a claim', async () => {
  const backlog = Array.from({ length: 200 }, () => ({ ...entry(-9_000), queue: 'submit.a.bulk' }))
  const others = ['submit.b.high', 'submit.c.bulk'].map((queue) => ({ ...entry(-1), queue }))
  await putLater(database.run, [
    ...backlog,
    ...others,
    { ...entry(60_000), queue: 'submit.d.high' },
  ])
  const claimed = await claimDue(database, 30, CLAIM_MS)
  const counts = Map.groupBy(claimed, ({ queue }) => queue)
  expect(new Map([...counts].map(([queue, { length }]) => [queue, length]))).toEqual(
    new Map([
      ['submit.a.bulk', 10],
      ['submit.b.high', 1],
      ['submit.c.bulk', 1],
    ]),
  )
  await removeLeft(database, claimed)
  // Without other queues, the backlog gets the whole claim.
  const rest = await claimDue(database, 190, CLAIM_MS)
  expect(rest).toHaveLength(190)
  await removeLeft(database, rest)
})

test('waiting messages are counted for all queues or for the given queues', async () => {
  const queues = ['submit.e.high', 'submit.f.high', 'submit.g.high']
  const before = await countWaiting(database.run)
  await putLater(
    database.run,
    queues.map((queue, index) => ({ ...entry(60_000), queue, messages: 10 ** index })),
  )
  expect(await countWaiting(database.run)).toBe(before + 111)
  expect(await countWaiting(database.run, queues.slice(1))).toBe(110)
  expect(await countWaiting(database.run, [])).toBe(0)
})

test('the count of waiting messages is correct while other processes fold the counts', async () => {
  const queue = 'submit.h.high'
  const other = store.link().database
  const put = Array.from({ length: 150 }, async () => {
    await putLater(database.run, [{ ...entry(60_000), queue, messages: 3 }])
  })
  const folds = Array.from({ length: 10 }, () => foldWaitingCounts(other))
  await Promise.all([...put, ...folds])
  await Promise.all([foldWaitingCounts(database), foldWaitingCounts(other)])
  expect(await countWaiting(database.run, [queue])).toBe(450)
  expect(await countsOf(queue)).toBeLessThanOrEqual(101)
  const claimed = await claimDue(database, 1_000, CLAIM_MS, [queue])
  await removeLeft(database, claimed.slice(0, 149))
  expect(await countWaiting(database.run, [queue])).toBe(3)
  await removeLeft(database, claimed)
  expect(await countWaiting(database.run, [queue])).toBe(0)
})

test('rows of a transaction that is rolled back are not counted', async () => {
  const queue = 'submit.i.high'
  const failing = database.transaction(async (run) => {
    await putLater(run, [{ ...entry(60_000), queue }])
    throw new Error('rolled back')
  })
  await expect(failing).rejects.toThrow('rolled back')
  expect(await countWaiting(database.run, [queue])).toBe(0)
})

test('migration 0021 counts the rows that older versions wrote', async () => {
  const queue = 'submit.j.high'
  const { pool } = database
  await pool.query('drop function count_later() cascade; drop table later_counts')
  await putLater(database.run, [{ ...entry(60_000), queue, messages: 7 }])
  const folder = join(import.meta.dirname, '../database/migrations')
  await pool.query(await readFile(join(folder, '0021_waiting_counts.sql'), 'utf8'))
  expect(await countWaiting(database.run, [queue])).toBe(7)
  await pool.query('truncate later')
  expect(await countWaiting(database.run)).toBe(0)
})

async function countsOf(queue: string): Promise<number> {
  const text = 'select count(*)::int as count from later_counts where queue = $1'
  const { rows } = await database.pool.query<{ count: number }>(text, [queue])
  return rows[0]?.count ?? 0
}

async function putOne() {
  const due = entry(-1)
  await putLater(database.run, [due])
  return due
}

/**
 * Repeats a claim with a duration of 0 until the former claim has ended, about a millisecond later.
 */
async function untilClaimedAgain(): Promise<LeavingEntry[]> {
  const options = { timeout: 1_000, interval: 1 }
  let claimed: LeavingEntry[] = []
  await vi.waitUntil(async () => (claimed = await claimDue(database, 10, 0)).length > 0, options)
  return claimed
}

async function leavingIds(): Promise<string[]> {
  return (await leavingEnvelopes(database)).envelopeIds
}

test("a message waits for the intended time even if its worker's clock is wrong", async () => {
  for (const wrongByMs of [3_600_000, -3_600_000]) {
    const nowMs = Date.now() + wrongByMs
    const due = { ...entry(0), dueAtMs: nowMs - 1 }
    const waiting = { ...entry(0), dueAtMs: nowMs + 60_000 }
    await database.transaction((run) => putLater(run, [due, waiting], nowMs))
    const claimed = await claimDue(database, 10, 3_600_000)
    expect(claimed.map(({ envelopeId }) => envelopeId)).toEqual([due.envelopeId])
  }
})
