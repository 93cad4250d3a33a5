import { expect, test } from 'vitest'
import { connectorKind } from './connector.ts'
import { fieldChanges } from './fieldChanges.ts'
import { routeTableKind } from './routes.ts'
import { userKind } from './user.ts'

function routes(...prefixes: string[]) {
  return { routes: prefixes.map((prefix) => ({ prefix, connector: 'smsc' })) }
}

test('fields with equal values are omitted', () => {
  expect(
    fieldChanges(connectorKind, { id: 'a', tps: 30, host: 'h' }, { id: 'a', tps: 50, host: 'h' }),
  ).toEqual([{ path: 'tps', from: 30, to: 50 }])
})

test('an added field has only "to", and a removed field has only "from"', () => {
  expect(fieldChanges(connectorKind, { name: 'Demo' }, { enabled: true })).toEqual([
    { path: 'enabled', to: true },
    { path: 'name', from: 'Demo' },
  ])
})

test('the environment variable of a secret is shown, but the secret itself is hidden', () => {
  expect(
    fieldChanges(connectorKind, { password: 'pw' }, { password: { env: 'SMSC_PASSWORD' } }),
  ).toEqual([{ path: 'password', from: '(hidden)', to: { env: 'SMSC_PASSWORD' } }])
})

test('a new secret is shown as set', () => {
  expect(fieldChanges(userKind, {}, { apiKeyHash: 'sha256:…' })).toEqual([
    { path: 'apiKey', to: '(set)' },
  ])
})

test('inserting a route at the front does not show the other routes as changed', () => {
  expect(fieldChanges(routeTableKind, routes('43', '49'), routes('1', '43', '49'))).toEqual([
    { path: 'routes[0]', to: '1 to smsc' },
  ])
})

test('unchanged routes between two changes are not shown', () => {
  expect(fieldChanges(routeTableKind, routes('43', '49', '44'), routes('1', '49', '33'))).toEqual([
    { path: 'routes[0]', from: '43 to smsc' },
    { path: 'routes[2]', from: '44 to smsc' },
    { path: 'routes[0]', to: '1 to smsc' },
    { path: 'routes[2]', to: '33 to smsc' },
  ])
})

test('a changed order of routes is shown, because the first matching route is used', () => {
  expect(fieldChanges(routeTableKind, routes('43', '436'), routes('436', '43'))).toHaveLength(2)
})
