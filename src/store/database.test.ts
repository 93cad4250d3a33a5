import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from './database.ts'
import { openTestStore, type TestStore } from './testing/testStore.ts'

let store: TestStore
let database: Database

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
})
afterAll(() => store.drop())

test('only what may be forgotten answers before it is on disk', async () => {
  const show = { name: 'test.show', text: 'show synchronous_commit' }
  expect(await database.run(show)).toEqual([{ synchronous_commit: 'on' }])
  const forgotten = { ...show, mayBeForgotten: true }
  expect(await database.run(forgotten)).toEqual([{ synchronous_commit: 'off' }])
  const within = await database.transaction((run) => run(forgotten))
  expect(within).toEqual([{ synchronous_commit: 'on' }])
})
