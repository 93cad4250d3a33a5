import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from '../database/database.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'
import {
  deadLettersIn,
  listDeadLetters,
  newestDeadLetter,
  nextDeadLetters,
  readDeadLetters,
  takeDeadLetters,
} from './deadLetterTable.ts'

let store: TestStore
let database: Database
beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
beforeEach(() => database.pool.query('truncate dead_letters restart identity'))
afterAll(() => store.drop())

/** Stores one letter per queue name, with the ids 1, 2, … */
async function setAside(...queues: string[]): Promise<void> {
  const payload = Buffer.from('octets')
  await deadLettersIn(database).setAside(
    queues.map((queue) => ({ queue, payload, reason: 'harm', receives: 2 })),
  )
}

function idsOf(letters: readonly { id: string }[]): string[] {
  return letters.map(({ id }) => id)
}

test('letters are listed newest first, page by page, with their sizes', async () => {
  await setAside('a', 'b', 'a', 'a')
  const { run } = database
  const [newest, ...rest] = await listDeadLetters(run, { max: 3 })
  expect(newest).toEqual({
    id: '4',
    queue: 'a',
    reason: 'harm',
    receives: 2,
    octets: 6,
    at: expect.any(Date),
  })
  expect(idsOf(rest)).toEqual(['3', '2'])
  expect(idsOf(await listDeadLetters(run, { before: '2', max: 3 }))).toEqual(['1'])
  expect(idsOf(await listDeadLetters(run, { queue: 'a', max: 2 }))).toEqual(['4', '3'])
  expect(idsOf(await listDeadLetters(run, { queue: 'a', before: '3', max: 2 }))).toEqual(['1'])
})

test('letters are read by id or by range, oldest first', async () => {
  const { run } = database
  expect(await newestDeadLetter(run)).toBeUndefined()
  await setAside('a', 'b', 'a', 'a')
  expect(await newestDeadLetter(run)).toBe('4')
  const [first, ...others] = await readDeadLetters(run, ['3', '1', '9'])
  expect(first).toMatchObject({ id: '1', queue: 'a', payload: Buffer.from('octets') })
  expect(idsOf(others)).toEqual(['3'])
  const range = { queue: 'a', after: '1', upTo: '4', max: 5 }
  expect(idsOf(await nextDeadLetters(run, range))).toEqual(['3', '4'])
  expect(idsOf(await nextDeadLetters(run, { ...range, upTo: '3' }))).toEqual(['3'])
  expect(idsOf(await nextDeadLetters(run, { ...range, max: 1 }))).toEqual(['3'])
})

test('a letter can be taken once, and letters locked by another take are skipped', async () => {
  await setAside('a', 'a')
  const other = store.link().database
  await database.transaction(async (run) => {
    expect(await takeDeadLetters(run, ['1'])).toEqual(new Set(['1']))
    expect(await takeDeadLetters(other.run, ['1', '2'])).toEqual(new Set(['2']))
  })
  expect(await readDeadLetters(database.run, ['1', '2'])).toEqual([])
})
