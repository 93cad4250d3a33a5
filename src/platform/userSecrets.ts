import { createHash } from 'node:crypto'

/** OWASP's first recommendation for argon2id. Computing a hash takes about 37 ms on one core. */
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** The module is loaded on first use, because most processes never hash or verify a password. */
const argon2 = () => import('@node-rs/argon2')

export async function hashPassword(password: string): Promise<string> {
  const { hash } = await argon2()
  return hash(password, ARGON2ID)
}

/** Returns whether the password matches the hash. Returns false if the hash is damaged. */
export async function verifyPassword(passwordHash: string, password: string): Promise<boolean> {
  const { verify } = await argon2()
  return verify(passwordHash, password).catch(() => false)
}

/** A plain digest is enough for long random keys, and allows a look-up by equality. */
export function hashApiKey(apiKey: string): string {
  return `sha256:${createHash('sha256').update(apiKey).digest('hex')}`
}
