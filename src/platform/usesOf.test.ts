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

test('for a used resource, usesOf lists its uses and says what to do first', () => {
  expect(usesOf(accountKind, 'demo', document)).toBe(
    'account "demo" has users: a, b, c, d, e and 2 more. ' +
      'Delete them or move them to another account first',
  )
  expect(usesOf(connectorKind, 'smsc', document)).toBe(
    'the route table uses connector "smsc": prefix 43, the default. ' +
      'Change the route table first: PUT /admin/v1/route-table',
  )
})

test('for an unused resource, usesOf returns undefined', () => {
  expect(usesOf(accountKind, 'idle', document)).toBeUndefined()
  expect(usesOf(userKind, 'a', document)).toBeUndefined()
})
