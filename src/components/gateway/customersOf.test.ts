import { expect, test } from 'vitest'
import { userSchema } from '../../platform/user.ts'
import type { Session } from '../../smpp/index.ts'
import { customersOf } from './customersOf.ts'

function bind(id: string, receives: boolean) {
  const user = userSchema.parse({ id, account: 'bank', password: 'x' })
  // A fake session that has only canSend().
  const session = { canSend: () => receives } as unknown as Session
  return { user, session }
}

test('binds are counted by user, and users with the most binds come first', () => {
  const binds = [bind('b', true), bind('a', false), bind('b', false)]
  expect(customersOf(binds)).toEqual({
    customers: [
      { account: 'bank', user: 'b', binds: 2, receivers: 1 },
      { account: 'bank', user: 'a', binds: 1, receivers: 0 },
    ],
    moreCustomers: 0,
  })
})

test('at most 100 users are listed, and the remaining users are counted', () => {
  const binds = Array.from({ length: 130 }, (_, index) => bind(`user-${index}`, true))
  const { customers, moreCustomers } = customersOf(binds)
  expect([customers.length, moreCustomers]).toEqual([100, 30])
})
