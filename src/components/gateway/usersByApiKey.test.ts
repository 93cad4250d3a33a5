import { expect, test, vi } from 'vitest'
import type { User } from '../../platform/user.ts'
import { userSchema } from '../../platform/user.ts'
import { hashApiKey } from '../../platform/userSecrets.ts'
import { UsersByApiKey } from './usersByApiKey.ts'

const [first, second] = ['a', 'b'].map((letter) => hashApiKey(letter.repeat(20)))

function user(id: string, apiKeyHash: string | undefined): User {
  return userSchema.parse({
    id,
    account: 'demo',
    ...(apiKeyHash ? { apiKeyHash } : { password: 'p' }),
  })
}

function usersOf(...users: readonly User[]): Map<string, User> {
  return new Map(users.map((one) => [one.id, one]))
}

test('a key that moves from one user to another finds the new user', () => {
  const index = new UsersByApiKey()
  index.follow(usersOf(user('alice', first), user('bob', second)))
  const swapped = usersOf(user('alice', second), user('bob', first))
  index.follow(swapped, new Set(['alice', 'bob']))
  expect(index.find(swapped, first ?? '')?.id).toBe('bob')
  expect(index.find(swapped, second ?? '')?.id).toBe('alice')
})

test('the key of a deleted user and a removed key find no user', () => {
  const index = new UsersByApiKey()
  index.follow(usersOf(user('alice', first), user('bob', second)))
  const now = usersOf(user('bob', undefined))
  index.follow(now, new Set(['alice', 'bob']))
  expect(index.find(now, first ?? '')).toBeUndefined()
  expect(index.find(now, second ?? '')).toBeUndefined()
})

test('a change of one user looks up only that user', () => {
  const index = new UsersByApiKey()
  index.follow(usersOf(user('alice', first), user('bob', second)))
  const now = usersOf(user('alice', first), user('bob', undefined))
  const walks = [vi.spyOn(now, 'keys'), vi.spyOn(now, 'values'), vi.spyOn(now, 'entries')]
  const get = vi.spyOn(now, 'get')
  index.follow(now, new Set(['bob']))
  for (const walk of walks) expect(walk).not.toHaveBeenCalled()
  expect(get.mock.calls).toEqual([['bob']])
  expect(index.find(now, first ?? '')?.id).toBe('alice')
})

test('find() works for users that were not passed to follow()', () => {
  const index = new UsersByApiKey()
  expect(index.find(usersOf(user('alice', first)), first ?? '')?.id).toBe('alice')
})
