import { expect, test } from 'vitest'
import { kindNamed, RESOURCE_KINDS, resourceTitle, SECRET_FIELDS } from './resourceKinds.ts'

test('each kind has names of its own', () => {
  for (const name of ['kind', 'key', 'path', 'title'] as const) {
    const names = RESOURCE_KINDS.map((kind) => kind[name])
    expect(new Set(names).size).toBe(names.length)
  }
})

test('a kind is found by the name that rows have', () => {
  expect(kindNamed('route_table')).toMatchObject({ key: 'routeTable', path: 'route-table' })
  expect(kindNamed('tariff')).toBeUndefined()
})

test('references lead to kinds that are listed', () => {
  for (const { references = [] } of RESOURCE_KINDS)
    for (const { to } of references) expect(kindNamed(to.kind)?.title).toBe(to.title)
})

test('a title names a resource, or a single kind', () => {
  expect(resourceTitle('account', 'demo')).toBe('account demo')
  expect(resourceTitle('route_table', 'active')).toBe('route table')
  expect(resourceTitle('tariff', 'x')).toBe('tariff x')
})

test('the secrets of all kinds are known', () => {
  expect([...SECRET_FIELDS]).toEqual(
    expect.arrayContaining(['apiKey', 'apiKeyHash', 'password', 'passwordHash']),
  )
})
