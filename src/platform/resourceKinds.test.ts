import { expect, test } from 'vitest'
import { kindNamed, RESOURCE_KINDS, resourceTitle, SECRET_FIELDS } from './resourceKinds.ts'

test('no two kinds share a name', () => {
  for (const name of ['kind', 'key', 'path', 'title'] as const) {
    const names = RESOURCE_KINDS.map((kind) => kind[name])
    expect(new Set(names).size).toBe(names.length)
  }
})

test('kindNamed finds a kind by its name in stored rows', () => {
  expect(kindNamed('route_table')).toMatchObject({ key: 'routeTable', path: 'route-table' })
  expect(kindNamed('tariff')).toBeUndefined()
})

test('every reference points to a listed kind', () => {
  for (const { references = [] } of RESOURCE_KINDS)
    for (const { to } of references) expect(kindNamed(to.kind)?.title).toBe(to.title)
})

test('the title of a resource has its kind and, unless it is a single resource, its id', () => {
  expect(resourceTitle('account', 'demo')).toBe('account demo')
  expect(resourceTitle('route_table', 'active')).toBe('route table')
  expect(resourceTitle('tariff', 'x')).toBe('tariff x')
})

test('SECRET_FIELDS contains the secrets of all kinds', () => {
  expect([...SECRET_FIELDS]).toEqual(
    expect.arrayContaining(['apiKey', 'apiKeyHash', 'password', 'passwordHash']),
  )
})
