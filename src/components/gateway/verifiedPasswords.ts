import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Platform } from '../../platform/platform.ts'

/**
 * The maximum number of entries, which take about 250 octets each. At the limit, the least recently
 * used entry is removed, and the next bind of that user costs another check.
 */
const USERS_MAX = 50_000

interface Verified {
  readonly secret: string
  readonly digest: Buffer
}

/**
 * The last verified password of each user, stored as a digest with a key that only this process
 * has. The digest also covers the stored hash, so a digest no longer matches after the stored hash
 * has changed.
 */
export class VerifiedPasswords {
  readonly #key = randomBytes(32)
  readonly #max: number
  /** Verified passwords by system_id, least recently used first. */
  readonly #byUser = new Map<string, Verified>()

  constructor(max = USERS_MAX) {
    this.#max = max
  }

  get size(): number {
    return this.#byUser.size
  }

  digest(systemId: string, secret: string, password: string): Buffer {
    // As JSON, the text is unambiguous, whatever characters the three parts contain.
    const text = JSON.stringify([systemId, secret, password])
    return createHmac('sha256', this.#key).update(text).digest()
  }

  has(systemId: string, digest: Buffer): boolean {
    const verified = this.#byUser.get(systemId)
    if (!verified || !timingSafeEqual(verified.digest, digest)) return false
    this.#byUser.delete(systemId)
    this.#byUser.set(systemId, verified)
    return true
  }

  add(systemId: string, secret: string, digest: Buffer): void {
    this.#byUser.delete(systemId)
    this.#byUser.set(systemId, { secret, digest })
    if (this.#byUser.size <= this.#max) return
    for (const oldest of this.#byUser.keys()) {
      this.#byUser.delete(oldest)
      return
    }
  }

  /**
   * Forgets the passwords of users who were deleted or whose stored hash has changed.
   *
   * @param changed the ids of the users to check; default: all users
   */
  forgetChanged(users: Platform['users'], changed: Iterable<string> = this.#byUser.keys()): void {
    for (const systemId of changed) {
      const verified = this.#byUser.get(systemId)
      if (verified && users.get(systemId)?.passwordHash !== verified.secret)
        this.#byUser.delete(systemId)
    }
  }
}
