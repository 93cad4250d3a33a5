import { expect, test } from 'vitest'
import { platformSchema } from './platformDocument.ts'
import { labelled } from './problemItem.ts'
import { platformProblems } from './platformProblems.ts'

const PLATFORM = {
  accounts: [{ id: 'demo' }],
  users: [{ id: 'demo', account: 'demo', password: 's3cret' }],
  connectors: [{ id: 'sim', host: '127.0.0.1', port: 2776, systemId: 'x', password: 'y' }],
  routeTable: { routes: [{ prefix: '31', connector: 'sim' }], default: 'sim' },
}

test('missing fields of a platform get their defaults', () => {
  const platform = platformSchema.parse(PLATFORM)
  expect(platform.connectors[0]).toMatchObject({ binds: 1, window: 10, tps: 30, enabled: true })
  expect(platformProblems(platform)).toEqual([])
})

test('all references to missing resources and all duplicates are reported together', () => {
  const platform = platformSchema.parse({
    ...PLATFORM,
    accounts: [{ id: 'demo' }, { id: 'demo' }],
    users: [{ id: 'u', account: 'nobody', apiKey: '0123456789abcdef' }],
    routeTable: { routes: [{ prefix: '31', connector: 'gone' }], default: 'away' },
  })
  expect(platformProblems(platform).map(labelled)).toEqual([
    'accounts.demo: appears twice',
    'users.u.account: there is no account "nobody"',
    'routeTable.routes[0].connector: there is no connector "gone"',
    'routeTable.default: there is no connector "away"',
  ])
})

test('a user without credentials and a document with unknown fields are rejected', () => {
  const user = platformSchema.safeParse({ users: [{ id: 'u', account: 'demo' }] })
  expect(user.success).toBe(false)
  const unknown = platformSchema.safeParse({ ...PLATFORM, prices: [] })
  expect(unknown.success).toBe(false)
})
