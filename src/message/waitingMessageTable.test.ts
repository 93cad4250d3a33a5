import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../database/database.ts'
import { moveDue, putLater } from './waitingMessageTable.ts'
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

test('what is put twice is there once, and only what is due moves', async () => {
  const due = entry(-1)
  const entries = [due, entry(60_000)]
  for (let i = 0; i < 2; i++) await database.transaction((run) => putLater(run, entries))
  const moved: string[] = []
  const move = () => moveDue(database, 10, async ({ envelopeId }) => void moved.push(envelopeId))
  expect(await move()).toBe(1)
  expect(await move()).toBe(0)
  expect(moved).toEqual([due.envelopeId])
})

test('what could not be published is still there', async () => {
  const due = entry(-1)
  await database.transaction((run) => putLater(run, [due]))
  const failing = moveDue(database, 10, () => Promise.reject(new Error('queue away')))
  await expect(failing).rejects.toThrow('queue away')
  expect(await moveDue(database, 10, async () => undefined)).toBe(1)
})

test('a message waits as long as its worker said, also if the clock of that one is wrong', async () => {
  for (const wrongByMs of [3_600_000, -3_600_000]) {
    const nowMs = Date.now() + wrongByMs
    const due = { ...entry(0), dueAtMs: nowMs - 1 }
    const waiting = { ...entry(0), dueAtMs: nowMs + 60_000 }
    await database.transaction((run) => putLater(run, [due, waiting], nowMs))
    const moved: string[] = []
    await moveDue(database, 10, async ({ envelopeId }) => void moved.push(envelopeId))
    expect(moved).toEqual([due.envelopeId])
  }
})
