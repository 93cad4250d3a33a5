import { z } from 'zod'
import { accountKind } from './account.ts'
import { resourceId, smppPassword, textOf } from './fieldSchemas.ts'
import { place } from './problemItem.ts'
import type { ProblemItem } from './problemItem.ts'
import { HIDDEN, listKind, nothingToKeep } from './resourceKind.ts'
import type { Placed, Sealed } from './resourceKind.ts'
import { hashApiKey, hashPassword, verifyPassword } from './userSecrets.ts'

/** SMPP 3.4 §5.2.1: at most 15 characters, followed by a NUL. */
const systemId = textOf(/^[\x21-\x7e]{1,15}$/, '1 to 15 printable ASCII characters, no space')

export const userSchema = z
  .strictObject({
    id: systemId.describe('The `system_id` with which the user binds over SMPP.'),
    account: resourceId.describe('The id of the account to which the user belongs.'),
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'If false, the binds of the user close within a second, and its API key is refused.',
      ),
    password: smppPassword
      .optional()
      .describe('The password for SMPP. It is stored as `passwordHash` and never shown again.'),
    passwordHash: z
      .string()
      .startsWith('$argon2id$')
      .meta({ form: 'starts with $argon2id$' })
      .optional()
      .describe(
        'The argon2id hash of the password, as an export shows it. Set either this field or ' +
          '`password`.',
      ),
    apiKey: z
      .string()
      .min(16)
      .max(200)
      .optional()
      .describe(
        'The key for the HTTP API. Each user needs a different key. The key is stored as ' +
          '`apiKeyHash` and never shown again.',
      ),
    apiKeyHash: textOf(/^sha256:[0-9a-f]{64}$/, 'sha256: and 64 lower-case hexadecimal digits')
      .optional()
      .describe(
        'The SHA-256 hash of the API key, as an export shows it. Set either this field or ' +
          '`apiKey`.',
      ),
    maxBinds: z.int().min(1).max(1000).default(10).meta({
      description: 'How many binds the user may have at each gateway process.',
      unit: 'binds',
    }),
    window: z
      .int()
      .min(1)
      .max(10_000)
      .default(1000)
      .meta({
        description:
          'How many `submit_sm` may wait for their answers on one bind. Further `submit_sm` are ' +
          'refused with `ESME_RTHROTTLED`.',
        unit: 'messages',
      }),
  })
  .refine((user) => !(user.password && user.passwordHash), {
    error: 'give password or passwordHash, not both',
  })
  .refine((user) => !(user.apiKey && user.apiKeyHash), {
    error: 'give apiKey or apiKeyHash, not both',
  })
  .refine((user) => user.password || user.passwordHash || user.apiKey || user.apiKeyHash, {
    error: 'a user needs a password (for SMPP) or an apiKey (for HTTP)',
  })
  .describe(
    'A user signs in for an account: over SMPP with a password, or over HTTP with an API key. ' +
      'It needs a password, an API key, or both.',
  )

export type User = z.infer<typeof userSchema>

/** The resource kind of users, who sign in for an account. */
export const userKind = listKind({
  kind: 'user',
  key: 'users',
  schema: userSchema,
  references: [
    {
      to: accountKind,
      in: ({ id, account }) => [{ id: account, at: ['account'], use: id }],
      field: 'account',
      whyNeeded: (account, users) =>
        `account "${account}" has users: ${users}. ` +
        'Delete them or move them to another account first',
    },
  ],
  secrets: {
    password: 'password',
    passwordHash: 'password',
    apiKey: 'apiKey',
    apiKeyHash: 'apiKey',
  },
  isRevocable: true,
  seal: sealUser,
  conflicts: sharedApiKeys,
  rivals: ({ apiKey, apiKeyHash }) => {
    const value = apiKey === undefined ? apiKeyHash : hashApiKey(apiKey)
    return value === undefined ? [] : [{ field: 'apiKeyHash', value }]
  },
})

/** Hashes secrets. If the given password matches the stored hash, that hash is kept unchanged. */
async function sealUser(
  { password, apiKey, ...rest }: User,
  stored: User | undefined,
): Promise<Sealed<User>> {
  if (password === HIDDEN && stored?.passwordHash === undefined) return nothingToKeep('password')
  const passwordHash =
    password === undefined ? rest.passwordHash : await sealedPassword(password, stored)
  const apiKeyHash = apiKey === undefined ? rest.apiKeyHash : hashApiKey(apiKey)
  const spec = {
    ...rest,
    ...(passwordHash !== undefined && { passwordHash }),
    ...(apiKeyHash !== undefined && { apiKeyHash }),
  }
  return { kind: 'sealed', spec }
}

async function sealedPassword(password: string, stored: User | undefined): Promise<string> {
  const kept = stored?.passwordHash
  if (kept !== undefined && (password === HIDDEN || (await verifyPassword(kept, password))))
    return kept
  return hashPassword(password)
}

/** Finds users with the same API key. Keys must be unique, because a request has only the key. */
function sharedApiKeys(users: readonly Placed<User>[]): ProblemItem[] {
  const owners = new Map<string, string>()
  return users.flatMap(({ id, spec: { apiKeyHash }, keys }) => {
    if (apiKeyHash === undefined) return []
    const owner = owners.get(apiKeyHash)
    owners.set(apiKeyHash, owner ?? id)
    if (owner === undefined) return []
    const detail = `is also the key of user "${owner}": each user needs its own key`
    return [{ ...place([...keys, 'apiKey']), detail }]
  })
}
