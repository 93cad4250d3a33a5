import { expect, test } from 'vitest'
import { accountSchema } from '../../platform/account.ts'
import { EMPTY_PLATFORM } from '../../platform/platform.ts'
import type { Platform } from '../../platform/platform.ts'
import { userSchema } from '../../platform/user.ts'
import type { User } from '../../platform/user.ts'
import { hashApiKey, hashPassword } from '../../platform/userSecrets.ts'
import { Credentials } from './credentials.ts'

const API_KEY = 'a-key-of-sixteen-or-more'

async function userOf(fields: Partial<User> = {}): Promise<User> {
  const passwordHash = await hashPassword('secret')
  return userSchema.parse({
    id: 'alice',
    account: 'demo',
    passwordHash,
    apiKeyHash: hashApiKey(API_KEY),
    ...fields,
  })
}

function platformOf(users: readonly User[], isAccountEnabled = true): Platform {
  const account = accountSchema.parse({ id: 'demo', enabled: isAccountEnabled })
  return {
    ...EMPTY_PLATFORM,
    accounts: new Map([[account.id, account]]),
    users: new Map(users.map((user) => [user.id, user])),
  }
}

test('a user signs in with the right password only', async () => {
  const platform = platformOf([await userOf()])
  const credentials = new Credentials(() => platform)
  expect(await credentials.byPassword('alice', 'secret')).toMatchObject({ id: 'alice' })
  expect(await credentials.byPassword('alice', 'secret')).toMatchObject({ id: 'alice' })
  expect(await credentials.byPassword('alice', 'other')).toBeUndefined()
  expect(await credentials.byPassword('bob', 'secret')).toBeUndefined()
})

test('a changed password ends the former one', async () => {
  let platform = platformOf([await userOf()])
  const credentials = new Credentials(() => platform)
  expect(await credentials.byPassword('alice', 'secret')).toBeDefined()
  platform = platformOf([await userOf({ passwordHash: await hashPassword('new') })])
  expect(await credentials.byPassword('alice', 'secret')).toBeUndefined()
  expect(await credentials.byPassword('alice', 'new')).toBeDefined()
})

test('a damaged hash lets nobody in', async () => {
  const platform = platformOf([await userOf({ passwordHash: '$argon2id$damaged' })])
  expect(await new Credentials(() => platform).byPassword('alice', 'secret')).toBeUndefined()
})

test('an API key names its user, also after a change of users', async () => {
  let platform = platformOf([await userOf()])
  const credentials = new Credentials(() => platform)
  expect(credentials.byApiKey(API_KEY)).toMatchObject({ id: 'alice' })
  expect(credentials.byApiKey(`${API_KEY}-2`)).toBeUndefined()
  platform = platformOf([await userOf({ id: 'bob', apiKeyHash: hashApiKey(`${API_KEY}-2`) })])
  expect(credentials.byApiKey(API_KEY)).toBeUndefined()
  expect(credentials.byApiKey(`${API_KEY}-2`)).toMatchObject({ id: 'bob' })
})

test('a disabled user, and a user of a disabled account, cannot sign in', async () => {
  const disabled = platformOf([await userOf({ enabled: false })])
  const closed = platformOf([await userOf()], false)
  for (const platform of [disabled, closed]) {
    const credentials = new Credentials(() => platform)
    expect(await credentials.byPassword('alice', 'secret')).toBeUndefined()
    expect(credentials.byApiKey(API_KEY)).toBeUndefined()
  }
})
