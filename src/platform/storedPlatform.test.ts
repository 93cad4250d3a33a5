import { expect, test } from 'vitest'
import type { ResourceRow } from './resourceRow.ts'
import { StoredResourceUnreadable } from './readSpec.ts'
import { readStoredPlatform } from './storedPlatform.ts'

function storeOf(...rows: Pick<ResourceRow, 'kind' | 'id' | 'spec'>[]) {
  return {
    read: async () => ({
      revision: 1,
      rows: rows.map((row) => ({ ...row, revision: 1, deleted: false })),
    }),
    write: async () => 2,
  }
}

const connector = { id: 'smsc', host: 'h', port: 2775, systemId: 's', password: 'p' }

test('a field that is missing in a row gets its default', async () => {
  const store = storeOf({ kind: 'connector', id: 'smsc', spec: connector })
  const { platform } = await readStoredPlatform(store)
  expect(platform.connectors[0]).toMatchObject({ window: 10, tps: 30 })
})

test('a field that this version does not know is ignored', async () => {
  const store = storeOf({ kind: 'connector', id: 'smsc', spec: { ...connector, colour: 'red' } })
  const { platform } = await readStoredPlatform(store)
  expect(platform.connectors[0]).toMatchObject(connector)
})

test('an unreadable row is rejected with an error that names the resource', async () => {
  const store = storeOf({ kind: 'connector', id: 'smsc', spec: { ...connector, port: 'x' } })
  await expect(readStoredPlatform(store)).rejects.toThrow(StoredResourceUnreadable)
  await expect(readStoredPlatform(store)).rejects.toThrow(/connector "smsc"/)
})

test('resources are sorted by id', async () => {
  const store = storeOf(
    { kind: 'account', id: 'b', spec: { id: 'b' } },
    { kind: 'account', id: 'a', spec: { id: 'a' } },
  )
  const { platform } = await readStoredPlatform(store)
  expect(platform.accounts.map(({ id }) => id)).toEqual(['a', 'b'])
})
