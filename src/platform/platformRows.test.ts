import { expect, test, vi } from 'vitest'
import { accountSchema } from './account.ts'
import { PlatformRows } from './platformRows.ts'
import type { ResourceRow } from './resourceRow.ts'

function account(id: string, fields: Partial<ResourceRow> = {}): ResourceRow {
  return { kind: 'account', id, spec: { id }, revision: 1, deleted: false, ...fields }
}

test('fields that are missing in a row get their defaults', () => {
  const rows = new PlatformRows()
  rows.apply(3, [account('a')])
  expect(rows.platform.revision).toBe(3)
  expect(rows.platform.accounts.get('a')).toEqual({ id: 'a', enabled: true })
  expect(rows.platform.routeTable).toEqual({ routes: [] })
})

test('a change parses only its own row and reuses the maps of other kinds', () => {
  const rows = new PlatformRows()
  const many = Array.from({ length: 100 }, (_, index) => account(`a${index}`))
  rows.apply(1, many)
  const before = rows.platform
  const parse = vi.spyOn(accountSchema, 'safeParse')
  rows.apply(2, [account('a7', { spec: { id: 'a7', enabled: false } })])
  expect(parse).toHaveBeenCalledTimes(1)
  expect(rows.platform.accounts.get('a7')?.enabled).toBe(false)
  expect(before.accounts.get('a7')?.enabled).toBe(true)
  expect(rows.platform.accounts.get('a8')).toBe(before.accounts.get('a8'))
  expect(rows.platform.users).toBe(before.users)
})

test('kept() returns the rows of the last commit before the call', () => {
  const rows = new PlatformRows()
  rows.apply(1, [account('a')])
  const kept = rows.kept()
  rows.take([account('b', { revision: 2 })])
  expect([...rows.kept()]).toEqual([account('a')])
  rows.commit(2)
  expect([...kept]).toEqual([account('a')])
})

test('a deleted resource disappears and can be created again', () => {
  const rows = new PlatformRows()
  rows.apply(1, [account('a')])
  rows.apply(2, [account('a', { spec: {}, deleted: true })])
  expect(rows.platform.accounts.size).toBe(0)
  expect([...rows.kept()]).toEqual([])
  rows.apply(3, [account('a')])
  expect(rows.platform.accounts.size).toBe(1)
})

test('if no field of a row is readable, the last readable row remains in use', () => {
  const rows = new PlatformRows()
  rows.apply(1, [account('a', { spec: { id: 'a', name: 'A' } }), account('b')])
  const broken = account('a', { spec: 'of another version', revision: 2 })
  const unreadable = rows.apply(2, [broken, account('c')])
  expect(unreadable).toMatchObject([
    { row: broken, error: { message: /stored account "a" \(revision 2\)/ } },
  ])
  expect([...rows.platform.accounts.keys()]).toEqual(['a', 'b', 'c'])
  expect(rows.platform.accounts.get('a')).toMatchObject({ name: 'A' })
  rows.apply(3, [account('a', { spec: { id: 'a', name: 'new' }, revision: 3 })])
  expect(rows.platform.accounts.get('a')).toMatchObject({ name: 'new' })
})

test('the readable fields of an unreadable row are used, such as enabled: false', () => {
  const rows = new PlatformRows()
  rows.apply(1, [account('a', { spec: { id: 'a', name: 'A' } })])
  const spec = { id: 'a', name: 7, enabled: false, colour: 'red' }
  expect(rows.apply(2, [account('a', { spec, revision: 2 })])).toHaveLength(1)
  expect(rows.platform.accounts.get('a')).toEqual({ id: 'a', name: 'A', enabled: false })
})

test('if the new secret of a user cannot be read, the old secret is no longer accepted', () => {
  const rows = new PlatformRows()
  const spec = { id: 'u', account: 'a', passwordHash: '$argon2id$old' }
  const user = account('u', { kind: 'user', spec })
  rows.apply(1, [user, account('v', { kind: 'user', spec: { ...spec, id: 'v' } })])
  const apiKeyHash = `sha256:${'0'.repeat(64)}`
  rows.apply(2, [
    { ...user, spec: { ...spec, passwordHash: '$scrypt$new' }, revision: 2 },
    { ...user, id: 'v', spec: { ...spec, id: 'v', passwordHash: 7, apiKeyHash }, revision: 2 },
  ])
  expect(rows.platform.users.has('u')).toBe(false)
  expect(rows.platform.users.get('v')).toMatchObject({ apiKeyHash })
  expect(rows.platform.users.get('v')?.passwordHash).toBeUndefined()
})

test('a resource that was never readable is omitted', () => {
  const rows = new PlatformRows()
  expect(rows.apply(1, [account('a', { spec: null }), account('b')])).toHaveLength(1)
  expect([...rows.platform.accounts.keys()]).toEqual(['b'])
})

test('kept() returns the newest and the last readable rows, and rows of unknown kinds', () => {
  const rows = new PlatformRows()
  const first = account('a', { spec: { id: 'a', name: 'A', colour: 'red' } })
  const broken = account('a', { spec: null, revision: 2 })
  const tariff = account('t', { kind: 'tariff', spec: { id: 't' } })
  rows.apply(1, [first, tariff])
  rows.apply(2, [broken])
  const kept = [...rows.kept()]
  expect(kept).toEqual([first, broken, tariff])
  const again = new PlatformRows()
  again.apply(2, kept)
  expect(again.platform.accounts.get('a')).toEqual({ id: 'a', name: 'A', enabled: true })
})
