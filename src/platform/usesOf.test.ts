import { expect, test } from 'vitest'
import { accountKind } from './account.ts'
import { connectorKind } from './connector.ts'
import { platformSchema } from './platformDocument.ts'
import { userKind } from './user.ts'
import { usesOf } from './usesOf.ts'

const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const document = platformSchema.parse({
  accounts: [{ id: 'demo' }, { id: 'idle' }],
  users: ids.map((id) => ({ id, account: 'demo', password: 'secret' })),
  connectors: [{ id: 'smsc', host: 'h', port: 2776, systemId: 'us', password: 'pw' }],
  routeTable: { routes: [{ prefix: '43', connector: 'smsc' }], default: 'smsc' },
})

test('a resource that others need says which they are, and what to do first', () => {
  expect(usesOf(accountKind, 'demo', document)).toBe(
    'account "demo" has users: a, b, c, d, e and 2 more. ' +
      'Delete them or move them to another account first',
  )
  expect(usesOf(connectorKind, 'smsc', document)).toBe(
    'the route table leads to connector "smsc": prefix 43, the default. ' +
      'Change it first: PUT /admin/v1/route-table',
  )
})

test('a resource that nothing needs may go', () => {
  expect(usesOf(accountKind, 'idle', document)).toBeUndefined()
  expect(usesOf(userKind, 'a', document)).toBeUndefined()
})
