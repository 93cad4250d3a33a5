import { z } from 'zod'
import { accountKind } from './account.ts'
import { resourceId, smppPassword } from './fieldSchemas.ts'
import { place } from './problemItem.ts'
import type { ProblemItem } from './problemItem.ts'
import { HIDDEN, listKind, nothingToKeep } from './resourceKind.ts'
import type { Placed, Sealed } from './resourceKind.ts'
import { hashApiKey, hashPassword, verifyPassword } from './userSecrets.ts'

/** SMPP 3.4 §5.2.1: at most 15 characters and a NUL. */
const systemId = z.string().regex(/^[\x21-\x7e]{1,15}$/, '1 to 15 printable ASCII characters')

export const userSchema = z
  .strictObject({
    id: systemId,
    account: resourceId,
    enabled: z.boolean().default(true),
    password: smppPassword.optional(),
    passwordHash: z.string().startsWith('$argon2id$').optional(),
    apiKey: z.string().min(16).max(200).optional(),
    apiKeyHash: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/)
      .optional(),
    maxBinds: z.int().min(1).max(1000).default(10),
    window: z.int().min(1).max(10_000).default(1000),
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

export type User = z.infer<typeof userSchema>

/** Somebody who signs in for an account: a system_id with a password, or an API key. */
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

/** A given password that fits the stored hash keeps that hash, so that nothing changes. */
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

/** The key alone says who calls, so two users cannot have the same one. */
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
