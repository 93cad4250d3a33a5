// Who a customer is. Passwords are argon2id; a verified one is remembered (as a keyed digest, in
// memory) so that a storm of rebinds costs microseconds each, not 40 ms. Unknown users cost the
// same as wrong passwords.

import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import type { User } from '../../platform/resources.ts'
import type { Platform } from '../../platform/platform.ts'

export class Credentials {
  #platform: () => Platform
  #key = randomBytes(32)
  #verified = new Map<string, { passwordHash: string; digest: Buffer }>()
  #decoy: Promise<string> | undefined

  constructor(platform: () => Platform) {
    this.#platform = platform
  }

  /** The user, if the password is theirs and neither they nor their account is disabled. */
  async byPassword(systemId: string, password: string): Promise<User | undefined> {
    const user = this.#platform().users.get(systemId)
    if (!user?.passwordHash) {
      this.#decoy ??= hash(randomBytes(16))
      await verify(await this.#decoy, password)
      return undefined
    }
    const digest = createHmac('sha256', this.#key).update(password).digest()
    const known = this.#verified.get(systemId)
    const remembered =
      known?.passwordHash === user.passwordHash && timingSafeEqual(known.digest, digest)
    if (!remembered && !(await verify(user.passwordHash, password))) return undefined
    this.#verified.set(systemId, { passwordHash: user.passwordHash, digest })
    return this.#enabled(user)
  }

  byApiKey(apiKey: string): User | undefined {
    const digest = `sha256:${createHash('sha256').update(apiKey).digest('hex')}`
    const user = this.#platform().usersByApiKeyHash.get(digest)
    return user && this.#enabled(user)
  }

  #enabled(user: User): User | undefined {
    return user.enabled && this.#platform().accounts.get(user.account)?.enabled ? user : undefined
  }
}
