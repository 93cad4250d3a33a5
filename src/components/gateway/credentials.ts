// Signs customers in. Passwords are stored as argon2id. Each verified password is remembered as a
// keyed digest in memory, so that a storm of rebinds costs microseconds each, not 40 ms. The digest
// goes with the user that it was verified for: any change of a user makes a new one. An unknown
// user costs as much as a wrong password.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Platform } from '../../platform/platform.ts'
import type { User } from '../../platform/user.ts'
import { hashApiKey, hashPassword, verifyPassword } from '../../platform/userSecrets.ts'
import { standingOf } from './standingOf.ts'

export class Credentials {
  #platform: () => Platform
  #key = randomBytes(32)
  #verified = new WeakMap<User, Buffer>()
  #verify: typeof verifyPassword
  #decoy: Promise<string> | undefined
  #indexed: Platform['users'] | undefined
  #byApiKeyHash: ReadonlyMap<string, User> = new Map()

  constructor(platform: () => Platform, verify = verifyPassword) {
    this.#platform = platform
    this.#verify = verify
  }

  /**
   * The user with this password; undefined if it is wrong. Whether that user may sign in is for
   * `current` to say, in the same tick as the bind: checking a password takes time.
   */
  async byPassword(systemId: string, password: string): Promise<User | undefined> {
    const user = this.#platform().users.get(systemId)
    if (!user?.passwordHash) {
      this.#decoy ??= hashPassword(randomBytes(16).toString('hex'))
      await this.#verify(await this.#decoy, password)
      return undefined
    }
    const digest = createHmac('sha256', this.#key).update(password).digest()
    const known = this.#verified.get(user)
    const isKnown = known !== undefined && timingSafeEqual(known, digest)
    if (!isKnown && !(await this.#verify(user.passwordHash, password))) return undefined
    this.#verified.set(user, digest)
    return user
  }

  /** The user as it is now; undefined if it may not sign in, or its password has changed. */
  current(user: User): User | undefined {
    const standing = standingOf(user, this.#platform())
    return standing.kind === 'good' ? standing.user : undefined
  }

  /** Undefined for an unknown key, and for a user who is disabled or whose account is. */
  byApiKey(apiKey: string): User | undefined {
    const user = this.#usersByApiKeyHash().get(hashApiKey(apiKey))
    return user && this.current(user)
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
}
