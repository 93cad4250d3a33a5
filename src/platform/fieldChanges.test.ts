import { expect, test } from 'vitest'
import { connectorKind } from './connector.ts'
import { fieldChanges } from './fieldChanges.ts'
import { routeTableKind } from './routes.ts'
import { userKind } from './user.ts'

function routes(...prefixes: string[]) {
  return { routes: prefixes.map((prefix) => ({ prefix, connector: 'smsc' })) }
}

test('equal fields are left out', () => {
  expect(
    fieldChanges(connectorKind, { id: 'a', tps: 30, host: 'h' }, { id: 'a', tps: 50, host: 'h' }),
  ).toEqual([{ path: 'tps', from: 30, to: 50 }])
})

test('an added or removed field has one side only', () => {
  expect(fieldChanges(connectorKind, { name: 'Demo' }, { enabled: true })).toEqual([
    { path: 'enabled', to: true },
    { path: 'name', from: 'Demo' },
  ])
})

test('the place of a secret is shown, the secret is not', () => {
  expect(
    fieldChanges(connectorKind, { password: 'pw' }, { password: { env: 'SMSC_PASSWORD' } }),
  ).toEqual([{ path: 'password', from: '(hidden)', to: { env: 'SMSC_PASSWORD' } }])
})

test('a new secret is shown as set', () => {
  expect(fieldChanges(userKind, {}, { apiKeyHash: 'sha256:…' })).toEqual([
    { path: 'apiKey', to: '(set)' },
  ])
})

test('a route put in front does not show the others as moved', () => {
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

test('a changed order is shown, since the first matching route wins', () => {
  expect(fieldChanges(routeTableKind, routes('43', '436'), routes('436', '43'))).toHaveLength(2)
})
