import { expect, test, vi } from 'vitest'
import { accountSchema } from './account.ts'
import { PlatformRows } from './platformRows.ts'
import type { ResourceRow } from './resourceRow.ts'

function account(id: string, fields: Partial<ResourceRow> = {}): ResourceRow {
  return { kind: 'account', id, spec: { id }, revision: 1, deleted: false, ...fields }
}

test('specs come with the defaults of fields that their rows lack', () => {
  const rows = new PlatformRows()
  rows.apply(3, [account('a')])
  expect(rows.platform.revision).toBe(3)
  expect(rows.platform.accounts.get('a')).toEqual({ id: 'a', enabled: true })
  expect(rows.platform.routeTable).toEqual({ routes: [] })
})

test('one change parses one row, and leaves the maps of other kinds as they are', () => {
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

test('kept rows are those of the last commit, however late they are read', () => {
  const rows = new PlatformRows()
  rows.apply(1, [account('a')])
  const kept = rows.kept()
  rows.take([account('b', { revision: 2 })])
  expect([...rows.kept()]).toEqual([account('a')])
  rows.commit(2)
  expect([...kept]).toEqual([account('a')])
})

test('a deleted resource is gone, and may come again', () => {
  const rows = new PlatformRows()
  rows.apply(1, [account('a')])
  rows.apply(2, [account('a', { spec: {}, deleted: true })])
  expect(rows.platform.accounts.size).toBe(0)
  expect([...rows.kept()]).toEqual([])
  rows.apply(3, [account('a')])
  expect(rows.platform.accounts.size).toBe(1)
})

test('a row without readable fields leaves the last readable one in force', () => {
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

test('the readable fields of an unreadable row count, above all that it is disabled', () => {
  const rows = new PlatformRows()
  rows.apply(1, [account('a', { spec: { id: 'a', name: 'A' } })])
  const spec = { id: 'a', name: 7, enabled: false, colour: 'red' }
  expect(rows.apply(2, [account('a', { spec, revision: 2 })])).toHaveLength(1)
  expect(rows.platform.accounts.get('a')).toEqual({ id: 'a', name: 'A', enabled: false })
})

test('a user whose new secret cannot be read loses the old one', () => {
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

test('an unreadable row that was never readable is left out', () => {
  const rows = new PlatformRows()
  expect(rows.apply(1, [account('a', { spec: null }), account('b')])).toHaveLength(1)
  expect([...rows.platform.accounts.keys()]).toEqual(['b'])
})

test('kept rows hold the newest and the one in force, and kinds of other versions', () => {
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
