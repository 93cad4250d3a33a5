// Signs customers in. Passwords are stored as argon2id. Each verified password is remembered as a
// keyed digest in memory, so that a storm of rebinds costs microseconds each, not 40 ms. An unknown
// user costs as much as a wrong password.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Platform } from '../../platform/platform.ts'
import type { User } from '../../platform/user.ts'
import { hashApiKey, hashPassword, verifyPassword } from '../../platform/userSecrets.ts'

export class Credentials {
  #platform: () => Platform
  #key = randomBytes(32)
  #verified = new Map<string, { passwordHash: string; digest: Buffer }>()
  #decoy: Promise<string> | undefined
  #indexed: Platform['users'] | undefined
  #byApiKeyHash: ReadonlyMap<string, User> = new Map()

  constructor(platform: () => Platform) {
    this.#platform = platform
  }

  /** Undefined for a wrong password, and for a user who is disabled or whose account is. */
  async byPassword(systemId: string, password: string): Promise<User | undefined> {
    const user = this.#platform().users.get(systemId)
    if (!user?.passwordHash) {
      this.#decoy ??= hashPassword(randomBytes(16).toString('hex'))
      await verifyPassword(await this.#decoy, password)
      return undefined
    }
    const digest = createHmac('sha256', this.#key).update(password).digest()
    const known = this.#verified.get(systemId)
    const remembered =
      known?.passwordHash === user.passwordHash && timingSafeEqual(known.digest, digest)
    if (!remembered && !(await verifyPassword(user.passwordHash, password))) return undefined
    this.#verified.set(systemId, { passwordHash: user.passwordHash, digest })
    return this.#enabled(user)
  }

  /** Undefined for an unknown key, and for a user who is disabled or whose account is. */
  byApiKey(apiKey: string): User | undefined {
    const user = this.#usersByApiKeyHash().get(hashApiKey(apiKey))
    return user && this.#enabled(user)
  }

  /** Users stay one map until one of them changes, so the index is made once per change. */
  #usersByApiKeyHash(): ReadonlyMap<string, User> {
    const { users } = this.#platform()
    if (users !== this.#indexed) {
      this.#indexed = users
      this.#byApiKeyHash = new Map(
        [...users.values()].flatMap((user) => (user.apiKeyHash ? [[user.apiKeyHash, user]] : [])),
      )
    }
    return this.#byApiKeyHash
  }

  #enabled(user: User): User | undefined {
    return user.enabled && this.#platform().accounts.get(user.account)?.enabled ? user : undefined
  }
}
