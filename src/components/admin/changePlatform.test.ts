import { afterAll, beforeAll, expect, test } from 'vitest'
import { platformSchema } from '../../platform/platformDocument.ts'
import { readResources, readSelected, writeResources } from '../../platform/resourceTable.ts'
import { openTestStore } from '../../database/testing/testStore.ts'
import type { TestStore } from '../../database/testing/testStore.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import { waitingFor } from './waitingFor.ts'
import { changePlatform } from './changePlatform.ts'
import { readStoredPlatform } from '../../platform/storedPlatform.ts'
import type { ResourceStore } from '../../platform/storedPlatform.ts'

let store: TestStore
beforeAll(async () => {
  store = await openTestStore()
})
afterAll(() => store.drop())

function resources(): ResourceStore {
  const { database } = store.link()
  return {
    read: (selection) => (selection ? readSelected(database, selection) : readResources(database)),
    write: (changes, expectedRevision) => writeResources(database, changes, expectedRevision),
    waitingFor: (kind, id) => waitingFor(database, postgresUpkeep(database), kind, id),
  }
}

const DOCUMENT = platformSchema.parse({
  accounts: [{ id: 'demo' }],
  users: [{ id: 'alice', account: 'demo', password: 'secret' }],
  connectors: [{ id: 'smsc', host: 'h', port: 2776, systemId: 'us', password: 'pw' }],
  routeTable: { routes: [{ prefix: '43', connector: 'smsc' }] },
})

test('a written platform can be read, and writing it again creates no revision', async () => {
  const one = resources()
  const change = { edit: () => DOCUMENT, ifRevision: undefined }
  const { revision, plan } = await changePlatform(one, change)
  const stored = await readStoredPlatform(one)
  expect(stored).toEqual({ revision, platform: plan.platform })
  expect((await changePlatform(one, change)).revision).toBe(revision)
})

test('concurrent changes by several processes are all applied, one after another', async () => {
  const ids = ['a', 'b', 'c']
  const before = (await readStoredPlatform(resources())).revision
  const revisions = await Promise.all(
    ids.map(async (id) => {
      const { revision } = await changePlatform(resources(), {
        ifRevision: undefined,
        edit: ({ platform }) => ({
          ...platform,
          accounts: [...platform.accounts, { id, enabled: true }],
        }),
      })
      return revision
    }),
  )
  expect(revisions.toSorted((one, other) => one - other)).toEqual([
    before + 1,
    before + 2,
    before + 3,
  ])
  const { platform } = await readStoredPlatform(resources())
  expect(platform.accounts.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'demo'])
})

test('a resource missing from a document is deleted and can be created again', async () => {
  const one = resources()
  const apply = (document: typeof DOCUMENT) =>
    changePlatform(one, { edit: () => document, ifRevision: undefined })
  await apply({ ...DOCUMENT, users: [] })
  expect((await readStoredPlatform(one)).platform.users).toEqual([])
  const { plan } = await apply(DOCUMENT)
  expect(plan.changes).toMatchObject([{ action: 'create', kind: 'user', id: 'alice' }])
})

test('a connector with waiting messages is not deleted', async () => {
  const one = resources()
  await changePlatform(one, { edit: () => DOCUMENT, ifRevision: undefined })
  const { pool } = store.link().database
  await pool.query(`insert into queue_envelopes (queue, payload, messages)
    values ('submit.smsc.normal', '', 45)`)
  const without = { ...DOCUMENT, connectors: [], routeTable: { routes: [] } }
  const change = { edit: () => without, ifRevision: undefined }
  await expect(changePlatform(one, change)).rejects.toThrow('still has 45 accepted messages')
  await pool.query('delete from queue_envelopes')
  await changePlatform(one, change)
  expect((await readStoredPlatform(one)).platform.connectors).toEqual([])
})
