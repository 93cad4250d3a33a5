import { expect, test } from 'vitest'
import { userSchema } from '../../platform/user.ts'
import type { Session } from '../../smpp/index.ts'
import { customersOf } from './customersOf.ts'

function bind(id: string, receives: boolean) {
  const user = userSchema.parse({ id, account: 'bank', password: 'x' })
  // As much of a session as is looked at.
  const session = { canSend: () => receives } as unknown as Session
  return { user, session }
}

test('binds are counted by user, those with most first', () => {
  const binds = [bind('b', true), bind('a', false), bind('b', false)]
  expect(customersOf(binds)).toEqual({
    customers: [
      { account: 'bank', user: 'b', binds: 2, receivers: 1 },
      { account: 'bank', user: 'a', binds: 1, receivers: 0 },
    ],
    moreCustomers: 0,
  })
})

test('a hundred users are listed, and the others counted', () => {
  const binds = Array.from({ length: 130 }, (_, index) => bind(`user-${index}`, true))
  const { customers, moreCustomers } = customersOf(binds)
  expect([customers.length, moreCustomers]).toEqual([100, 30])
})
