import { expect, test } from 'vitest'
import { accountSchema } from '../../platform/account.ts'
import { EMPTY_PLATFORM } from '../../platform/platform.ts'
import type { Platform } from '../../platform/platform.ts'
import { userSchema } from '../../platform/user.ts'
import type { User } from '../../platform/user.ts'
import { hashApiKey, hashPassword } from '../../platform/userSecrets.ts'
import { Credentials, type CredentialsOptions } from './credentials.ts'
import { VerifiedPasswords } from './verifiedPasswords.ts'

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

test('a user can sign in only with the right password', async () => {
  const platform = platformOf([await userOf()])
  const credentials = new Credentials(() => platform)
  expect(await signIn(credentials, 'alice', 'secret')).toMatchObject({ id: 'alice' })
  expect(await signIn(credentials, 'alice', 'secret')).toMatchObject({ id: 'alice' })
  expect(await signIn(credentials, 'alice', 'other')).toBeUndefined()
  expect(await signIn(credentials, 'bob', 'secret')).toBeUndefined()
})

test('after a password change the former password is refused', async () => {
  let platform = platformOf([await userOf()])
  const credentials = new Credentials(() => platform)
  expect(await signIn(credentials, 'alice', 'secret')).toBeDefined()
  platform = platformOf([await userOf({ passwordHash: await hashPassword('new') })])
  expect(await signIn(credentials, 'alice', 'secret')).toBeUndefined()
  expect(await signIn(credentials, 'alice', 'new')).toBeDefined()
})

test('a user with a damaged password hash cannot sign in', async () => {
  const platform = platformOf([await userOf({ passwordHash: '$argon2id$damaged' })])
  expect(await signIn(new Credentials(() => platform), 'alice', 'secret')).toBeUndefined()
})

test('an API key identifies its user, even after users have changed', async () => {
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

/** Credentials with an instant password check that records each checked password. */
function countedChecks(users: readonly User[], options: CredentialsOptions = {}) {
  const checked: string[] = []
  let platform = platformOf(users)
  const credentials = new Credentials(() => platform, {
    verify: async (_, password) => {
      checked.push(password)
      return password.startsWith('secret')
    },
    ...options,
  })
  const change = (now: readonly User[]): void => {
    platform = platformOf(now)
    credentials.follow(platform)
  }
  return { change, checked, credentials }
}

function manyUsers(count: number): User[] {
  return Array.from({ length: count }, (_, index) =>
    userSchema.parse({ id: `user-${index}`, account: 'demo', passwordHash: `$argon2id$${index}` }),
  )
}

test('ten concurrent binds of each of 100 users cost one password check per user', async () => {
  const users = manyUsers(100)
  const { checked, credentials } = countedChecks(users)
  for (const round of [1, 2]) {
    const binds = users.flatMap(({ id }) =>
      Array.from({ length: 10 }, () => signIn(credentials, id, `secret of ${id}`)),
    )
    expect((await Promise.all(binds)).every((user) => user !== undefined)).toBe(true)
    expect(checked, `round ${round}`).toHaveLength(100)
  }
})

test('a verified password stays in the cache when other fields of its user change', async () => {
  const user = await userOf()
  const { change, checked, credentials } = countedChecks([user])
  await signIn(credentials, 'alice', 'secret')
  change([{ ...user, maxBinds: 3 }])
  expect(await signIn(credentials, 'alice', 'secret')).toMatchObject({ maxBinds: 3 })
  expect(checked).toHaveLength(1)
})

test('a verified password is forgotten when its user or stored secret changes', async () => {
  const user = await userOf()
  const verified = new VerifiedPasswords()
  const { change, checked, credentials } = countedChecks([user], { verified })
  for (const now of [[], [{ ...user, passwordHash: '$argon2id$another' }]]) {
    checked.length = 0
    await signIn(credentials, 'alice', 'secret')
    change(now)
    expect(verified.size).toBe(0)
    change([user])
    expect(await signIn(credentials, 'alice', 'secret')).toMatchObject({ id: 'alice' })
    expect(checked).toEqual(['secret', 'secret'])
    change([])
    change([user])
  }
})

test('a password that differs from the verified one is checked', async () => {
  const { checked, credentials } = countedChecks([await userOf()])
  await signIn(credentials, 'alice', 'secret')
  expect(await signIn(credentials, 'alice', 'other')).toBeUndefined()
  expect(await signIn(credentials, 'alice', 'secret')).toBeDefined()
  expect(checked).toEqual(['secret', 'other'])
})

test('a full cache of verified passwords removes the least recently used password', async () => {
  const users = manyUsers(3)
  const verified = new VerifiedPasswords(2)
  const { checked, credentials } = countedChecks(users, { verified })
  for (const id of ['user-0', 'user-1', 'user-0', 'user-2', 'user-0'])
    await signIn(credentials, id, `secret of ${id}`)
  expect(verified.size).toBe(2)
  expect(checked).toHaveLength(3)
  await signIn(credentials, 'user-1', 'secret of user-1')
  expect(checked).toHaveLength(4)
})

test('a bind from another address is delayed by at most one password check', async () => {
  const ends: ((isRight: boolean) => void)[] = []
  const checked: string[] = []
  const { credentials } = countedChecks(manyUsers(2), {
    checksAtOnce: 1,
    verify: (_, password) => {
      checked.push(password)
      return new Promise((resolve) => ends.push(resolve))
    },
  })
  const attempt = (from: string) => ({ from, isWanted: () => true })
  for (let index = 0; index < 50; index++)
    void credentials.byPassword('user-0', `wrong ${index}`, attempt('192.0.2.1'))
  const right = credentials.byPassword('user-1', 'secret', attempt('198.51.100.1'))
  for (const turn of [0, 1, 2]) {
    await expect.poll(() => checked.length).toBe(turn + 1)
    ends[turn]?.(checked[turn] === 'secret')
  }
  expect(checked.slice(0, 3)).toEqual(['wrong 0', 'wrong 1', 'secret'])
  expect(await right).toMatchObject({ id: 'user-1' })
})

test('a password check continues after its session ends and serves the next attempt', async () => {
  let finish: (isRight: boolean) => void = () => undefined
  let checks = 0
  const { credentials } = countedChecks(manyUsers(1), {
    verify: () => {
      checks++
      return new Promise((resolve) => (finish = resolve))
    },
  })
  let isOpen = true
  const first = credentials.byPassword('user-0', 'secret', { from: 'a', isWanted: () => isOpen })
  isOpen = false
  finish(true)
  await first
  expect(await credentials.byPassword('user-0', 'secret')).toMatchObject({ id: 'user-0' })
  expect(checks).toBe(1)
})

test('signing in with an API key causes no password check', async () => {
  const { checked, credentials } = countedChecks([await userOf()])
  expect(credentials.byApiKey(API_KEY)).toBeDefined()
  expect(credentials.byApiKey(`${API_KEY}-2`)).toBeUndefined()
  expect(checked).toEqual([])
})

test('a sign-in fails if the password changes during its check', async () => {
  let platform = platformOf([await userOf()])
  const verified = new VerifiedPasswords()
  const verify = async () => {
    platform = platformOf([await userOf({ passwordHash: await hashPassword('new') })])
    return true
  }
  const credentials = new Credentials(() => platform, { verify, verified })
  expect(await signIn(credentials, 'alice', 'secret')).toBeUndefined()
  expect(verified.size).toBe(0)
})

test('an API key is refused as soon as it is changed or its user is deleted', async () => {
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
