import { expect, test } from 'vitest'
import { z } from 'zod'
import { connectorKind } from './connector.ts'
import { readSpec } from './readSpec.ts'
import { routeTableKind } from './routes.ts'
import { userKind } from './user.ts'

const connector = { id: 'smsc', host: 'h', port: 2775, systemId: 's', password: 'p' }

function row(spec: unknown, id = 'x') {
  return { id, revision: 7, spec }
}

test('a field that is missing in a row gets its default', () => {
  const user = { id: 'alice', account: 'demo', apiKeyHash: `sha256:${'0'.repeat(64)}` }
  expect(readSpec(userKind, row(user))).toEqual({
    kind: 'read',
    spec: { ...user, enabled: true, maxBinds: 10, window: 1000 },
  })
})

test('a field that this version does not know is ignored', () => {
  const reading = readSpec(connectorKind, row({ ...connector, colour: 'red', tps: 5 }))
  expect(reading).toMatchObject({ kind: 'read', spec: { ...connector, tps: 5 } })
  expect(reading).not.toHaveProperty('spec.colour')
})

test('unknown fields are ignored inside lists and alternatives', () => {
  const route = { prefix: '43', connector: 'smsc' }
  const routes = { routes: [route, { ...route, weight: 2 }], version: 3 }
  expect(readSpec(routeTableKind, row(routes))).toEqual({
    kind: 'read',
    spec: { routes: [route, route] },
  })
  const password = { env: 'SMSC_PASSWORD', trimmed: true }
  expect(readSpec(connectorKind, row({ ...connector, password }))).toMatchObject({
    spec: { password: { env: 'SMSC_PASSWORD' } },
  })
})

test('unknown fields are ignored in nested alternatives', () => {
  const inner = z.union([z.strictObject({ env: z.string() }), z.strictObject({ file: z.string() })])
  const schema = z.strictObject({ secret: z.union([z.string(), z.array(inner)]) })
  const spec = {
    secret: [
      { file: 'a', mode: 1 },
      { env: 'B', mode: 2 },
    ],
  }
  expect(readSpec({ title: 'thing', schema }, row(spec))).toEqual({
    kind: 'read',
    spec: { secret: [{ file: 'a' }, { env: 'B' }] },
  })
})

test('reading does not modify the stored spec', () => {
  const spec = { ...connector, colour: 'red' }
  readSpec(connectorKind, row(spec))
  expect(spec).toHaveProperty('colour')
})

test('the error about an unreadable row names the resource and its revision', () => {
  for (const spec of [{ ...connector, port: 'x', colour: 'red' }, {}, null, 'text']) {
    const reading = readSpec(connectorKind, row(spec, 'smsc'))
    expect(reading).toMatchObject({
      kind: 'unreadable',
      error: { message: /^the stored connector "smsc" \(revision 7\) cannot be read by this/ },
    })
  }
})
