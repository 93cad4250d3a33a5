import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../database/database.ts'
import { makeDue, moveDue, putLater } from './waitingMessageTable.ts'
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

test('what waits to return to a queue can be made due at once, and nothing else', async () => {
  const cleared = { ...entry(60_000), queue: 'submit.cleared.bulk' }
  const other = { ...entry(60_000), queue: 'submit.other.bulk' }
  await database.transaction((run) => putLater(run, [cleared, other]))
  await makeDue(database, ['submit.cleared.bulk', 'submit.cleared.normal'])
  const moved: string[] = []
  await moveDue(database, 10, async ({ envelopeId }) => void moved.push(envelopeId))
  expect(moved).toEqual([cleared.envelopeId])
})
