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

async function signIn(credentials: Credentials, systemId: string, password: string) {
  const user = await credentials.byPassword(systemId, password)
  return user && credentials.current(user)
}

test('a user signs in with the right password only', async () => {
  const platform = platformOf([await userOf()])
  const credentials = new Credentials(() => platform)
  expect(await signIn(credentials, 'alice', 'secret')).toMatchObject({ id: 'alice' })
  expect(await signIn(credentials, 'alice', 'secret')).toMatchObject({ id: 'alice' })
  expect(await signIn(credentials, 'alice', 'other')).toBeUndefined()
  expect(await signIn(credentials, 'bob', 'secret')).toBeUndefined()
})

test('a changed password ends the former one', async () => {
  let platform = platformOf([await userOf()])
  const credentials = new Credentials(() => platform)
  expect(await signIn(credentials, 'alice', 'secret')).toBeDefined()
  platform = platformOf([await userOf({ passwordHash: await hashPassword('new') })])
  expect(await signIn(credentials, 'alice', 'secret')).toBeUndefined()
  expect(await signIn(credentials, 'alice', 'new')).toBeDefined()
})

test('a damaged hash lets nobody in', async () => {
  const platform = platformOf([await userOf({ passwordHash: '$argon2id$damaged' })])
  expect(await signIn(new Credentials(() => platform), 'alice', 'secret')).toBeUndefined()
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
    expect(await signIn(credentials, 'alice', 'secret')).toBeUndefined()
    expect(credentials.byApiKey(API_KEY)).toBeUndefined()
  }
})

test('a verified password is remembered until its user changes', async () => {
  const verified: string[] = []
  const user = await userOf()
  let platform = platformOf([user])
  const credentials = new Credentials(
    () => platform,
    async (hash) => verified.push(hash) > 0,
  )
  const alice = () => signIn(credentials, 'alice', 'secret')
  expect([await alice(), await alice()]).toMatchObject([{ id: 'alice' }, { id: 'alice' }])
  expect(verified).toHaveLength(1)
  platform = platformOf([])
  expect(await alice()).toBeUndefined()
  platform = platformOf([{ ...user }])
  verified.length = 0
  expect(await alice()).toMatchObject({ id: 'alice' })
  expect(verified).toEqual([user.passwordHash])
})

test('a password that changes while the former one is being checked ends that check', async () => {
  let platform = platformOf([await userOf()])
  const credentials = new Credentials(
    () => platform,
    async () => {
      platform = platformOf([await userOf({ passwordHash: await hashPassword('new') })])
      return true
    },
  )
  expect(await signIn(credentials, 'alice', 'secret')).toBeUndefined()
})

test('an API key ends with its user, at once', async () => {
  const user = await userOf()
  let platform = platformOf([user])
  const credentials = new Credentials(() => platform)
  expect(credentials.byApiKey(API_KEY)).toBeDefined()
  platform = platformOf([{ ...user, apiKeyHash: hashApiKey('another-key-of-sixteen') }])
  expect(credentials.byApiKey(API_KEY)).toBeUndefined()
  platform = platformOf([user])
  expect(credentials.byApiKey(API_KEY)).toBeDefined()
  platform = platformOf([])
  expect(credentials.byApiKey(API_KEY)).toBeUndefined()
})
