import { createHash } from 'node:crypto'

/** OWASP's first choice for argon2id; 37 ms on one of our cores. */
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** Loaded for the first password: most processes that know the platform never see one. */
const argon2 = () => import('@node-rs/argon2')

export async function hashPassword(password: string): Promise<string> {
  const { hash } = await argon2()
  return hash(password, ARGON2ID)
}

/** False for a damaged hash too: the password is then written anew. */
export async function verifyPassword(passwordHash: string, password: string): Promise<boolean> {
  const { verify } = await argon2()
  return verify(passwordHash, password).catch(() => false)
}

/** API keys are long and random, so a plain digest suffices and can be looked up by equality. */
export function hashApiKey(apiKey: string): string {
  return `sha256:${createHash('sha256').update(apiKey).digest('hex')}`
}
