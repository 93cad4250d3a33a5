import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accountSchema } from './account.ts'
import { type Database, openDatabase } from '../database/database.ts'
import { PlatformFollower } from './platformFollower.ts'
import { RevisionConflict } from './resourceRow.ts'
import { readResources, writeResources } from './resourceTable.ts'
import { KeptFile } from '../runtime/keptFile.ts'
import { openTestStore, type TestStore } from '../database/testing/testStore.ts'

let store: TestStore
let database: Database
let folder: string

beforeAll(async () => {
  store = await openTestStore()
  database = store.link().database
  folder = await mkdtemp(join(tmpdir(), 'signalbox-follower-'))
})
afterAll(async () => {
  await store.drop()
  await rm(folder, { recursive: true })
})

function followerOn(on: Database, file: string): PlatformFollower {
  return new PlatformFollower({
    resources: { read: (since) => readResources(on, since) },
    snapshot: new KeptFile(join(folder, file)),
    onTrouble: () => undefined, // outages are what is tested here
  })
}

function account(id: string) {
  return { kind: 'account' as const, id, spec: accountSchema.parse({ id }) }
}

test('changes and deletions show up in followers', async () => {
  const follower = followerOn(database, 'changes.json')
  await follower.start()
  const seen: string[][] = []
  follower.follow((platform) => seen.push([...platform.accounts.keys()].toSorted()))
  const revision = await writeResources(database, [account('a'), account('b')])
  await expect.poll(() => follower.platform.revision).toBe(revision)
  await writeResources(database, [{ kind: 'account', id: 'a', spec: undefined }])
  await expect.poll(() => [...follower.platform.accounts.keys()]).toEqual(['b'])
  expect(seen.at(0)).toEqual([])
  follower.stop()
})

test('with the store away a cold start serves what was last known', async () => {
  await writeResources(database, [account('kept')])
  const before = followerOn(database, 'cold.json')
  await before.start()
  const { revision } = before.platform
  before.stop()
  const away = openDatabase({
    databaseUrl: 'postgresql://nobody@127.0.0.1:1/nothing',
    poolSize: 1,
    applicationName: 'away',
  })
  const after = followerOn(away, 'cold.json')
  await after.start()
  expect(after.platform.revision).toBe(revision)
  expect(after.platform.accounts.has('kept')).toBe(true)
  after.stop()
  await away.close()
})

test('writers that were overtaken are told so, and leave nothing behind', async () => {
  const revision = await writeResources(database, [account('first')])
  await writeResources(database, [account('second')], revision)
  const overtaken = writeResources(database, [account('third')], revision)
  await expect(overtaken).rejects.toThrow(RevisionConflict)
  const follower = followerOn(database, 'overtaken.json')
  await follower.start()
  expect(follower.platform.accounts.has('third')).toBe(false)
  follower.stop()
})
