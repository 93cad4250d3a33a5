import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Platform } from '../../platform/platform.ts'

/** About 250 octets each. The oldest is forgotten first; its user pays for one more check. */
const USERS_MAX = 50_000

interface Verified {
  readonly secret: string
  readonly digest: Buffer
}

/**
 * The password that was verified last for each user, as a digest under a key that only this process
 * has. The digest covers the stored secret too, so a verified password never outlives it.
 */
export class VerifiedPasswords {
  readonly #key = randomBytes(32)
  readonly #max: number
  /** By system_id, the least recently used first. */
  readonly #byUser = new Map<string, Verified>()

  constructor(max = USERS_MAX) {
    this.#max = max
  }

  get size(): number {
    return this.#byUser.size
  }

  digest(systemId: string, secret: string, password: string): Buffer {
    // A JSON list has one reading, whatever characters its parts have.
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
   * Forgets users who are gone, and those whose stored secret is another one now.
   *
   * @param changed the users to look at; everybody without it
   */
  forgetChanged(users: Platform['users'], changed: Iterable<string> = this.#byUser.keys()): void {
    for (const systemId of changed) {
      const verified = this.#byUser.get(systemId)
      if (verified && users.get(systemId)?.passwordHash !== verified.secret)
        this.#byUser.delete(systemId)
    }
  }
}
