import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'
import { RevisionConflict } from './resourceRow.ts'
import { readResources, readResourcesOfKind, writeResources } from './resourceTable.ts'

let store: TestStore
beforeAll(async () => {
  store = await openTestStore()
})
afterAll(() => store.drop())

function account(id: string, spec: object | undefined = { id }) {
  return { kind: 'account', id, spec }
}

test('readResourcesOfKind returns the live resources of one kind, sorted by id', async () => {
  const { database } = store.link()
  const connector = { kind: 'connector', id: 'a', spec: {} }
  await writeResources(database, [account('c'), account('a'), account('b'), connector])
  const revision = await writeResources(database, [{ ...account('a'), spec: undefined }])
  const rows = await readResourcesOfKind(database, 'account')
  expect(rows).toEqual([
    { ...account('b'), revision: revision - 1, deleted: false },
    { ...account('c'), revision: revision - 1, deleted: false },
  ])
  expect(await readResourcesOfKind(database, 'tariff')).toEqual([])
})

test('a write with an outdated revision throws RevisionConflict and changes nothing', async () => {
  const { database } = store.link()
  const revision = await writeResources(database, [account('first')])
  await writeResources(database, [account('second')], revision)
  const overtaken = writeResources(database, [account('third')], revision)
  await expect(overtaken).rejects.toThrow(RevisionConflict)
  const { rows } = await readResources(database, revision)
  expect(rows.map(({ id }) => id)).toEqual(['second'])
})
