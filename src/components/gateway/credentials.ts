// Signs customers in. Passwords are stored as argon2id hashes, and checking a password takes about
// 40 ms of CPU time. A verified password is remembered until the stored hash changes, so that each
// bind of a mass reconnect takes microseconds. A few checks run concurrently. Groups of remote
// addresses (addressGroup.ts) take turns, so that one customer's wrong passwords do not delay other
// customers. A sign-in with an unknown system_id takes as long as a sign-in with a wrong password.
// API keys need no slow check, because they are long and random: only their digest is looked up.

import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { FairTurns } from '../../flow/fairTurns.ts'
import type { Platform } from '../../platform/platform.ts'
import type { User } from '../../platform/user.ts'
import { hashApiKey, hashPassword, verifyPassword } from '../../platform/userSecrets.ts'
import { standingOf } from './standingOf.ts'
import { UsersByApiKey } from './usersByApiKey.ts'
import { VerifiedPasswords } from './verifiedPasswords.ts'

/**
 * The maximum number of concurrent checks. It leaves one of the four threads of Node's pool free
 * for files and DNS look-ups.
 */
const CHECKS_AT_ONCE = Math.min(3, availableParallelism())

export interface CredentialsOptions {
  readonly verify?: typeof verifyPassword
  readonly checksAtOnce?: number
  readonly verified?: VerifiedPasswords
}

/** A sign-in that waits for its password to be checked. */
export interface SignInAttempt {
  /** The group of the remote address. Groups take turns to have a password checked. */
  readonly from: string
  /** False if the result is no longer needed, for example because the session closed. */
  isWanted(): boolean
}

const ANYBODY: SignInAttempt = { from: '', isWanted: () => true }

/** A password check that is running or waiting, and all sign-ins that wait for its result. */
interface Check {
  readonly attempts: SignInAttempt[]
  readonly isRight: Promise<boolean | undefined>
}

export class Credentials {
  readonly #platform: () => Platform
  readonly #verify: typeof verifyPassword
  readonly #verified: VerifiedPasswords
  readonly #turns: FairTurns
  /** Checks that are running or waiting, by the digest of user, stored hash and password. */
  readonly #checks = new Map<string, Check>()
  readonly #byApiKey = new UsersByApiKey()
  #decoy: Promise<string> | undefined
  #followed: Platform['users'] | undefined

  constructor(platform: () => Platform, options: CredentialsOptions = {}) {
    this.#platform = platform
    this.#verify = options.verify ?? verifyPassword
    this.#verified = options.verified ?? new VerifiedPasswords()
    this.#turns = new FairTurns(options.checksAtOnce ?? CHECKS_AT_ONCE)
  }

  /** The number of passwords that wait to be checked. */
  get waitingChecks(): number {
    return this.#turns.waiting
  }

  /**
   * Forgets verified passwords whose stored hash has changed. Must be called after each change of
   * the platform.
   *
   * @param changed the ids of users that changed since the last call; undefined means all users
   */
  follow({ users }: Pick<Platform, 'users'>, changed?: ReadonlySet<string>): void {
    if (users === this.#followed) return
    this.#followed = users
    this.#verified.forgetChanged(users, changed)
    this.#byApiKey.follow(users, changed)
  }

  /**
   * Resolves with the user if the password is right, otherwise with undefined. This method does not
   * check whether the user may sign in. The user may change while the password is checked, so call
   * current() afterwards, and accept the bind synchronously after that call.
   */
  async byPassword(
    systemId: string,
    password: string,
    attempt: SignInAttempt = ANYBODY,
  ): Promise<User | undefined> {
    const user = this.#platform().users.get(systemId)
    const secret = user?.passwordHash ?? (await this.#decoySecret())
    const digest = this.#verified.digest(systemId, secret, password)
    if (user && this.#verified.has(systemId, digest)) return user
    const isRight = await this.#check(digest, attempt, () => this.#verify(secret, password))
    if (!isRight || !user?.passwordHash) return undefined
    if (this.#platform().users.get(systemId)?.passwordHash === secret)
      this.#verified.add(systemId, secret, digest)
    return user
  }

  /** Runs one check for all concurrent sign-ins with the same user and password. */
  async #check(
    digest: Buffer,
    attempt: SignInAttempt,
    verify: () => Promise<boolean>,
  ): Promise<boolean | undefined> {
    const key = digest.toString('latin1')
    const under = this.#checks.get(key)
    if (under) {
      under.attempts.push(attempt)
      const isRight = await under.isRight
      // The result is undefined if the check was skipped. This happens if all earlier attempts gave
      // up just before this attempt was added.
      return isRight ?? (attempt.isWanted() ? this.#check(digest, attempt, verify) : undefined)
    }
    const attempts = [attempt]
    const isWanted = () => attempts.some((one) => one.isWanted())
    const isRight = this.#turns
      .take(attempt.from, verify, isWanted)
      .finally(() => this.#checks.delete(key))
    this.#checks.set(key, { attempts, isRight })
    return isRight
  }

  #decoySecret(): Promise<string> {
    this.#decoy ??= hashPassword(randomBytes(16).toString('hex'))
    return this.#decoy
  }

  /**
   * Returns the current version of the user. Returns undefined if the user may not sign in, or if
   * its password has changed.
   */
  current(user: User): User | undefined {
    const standing = standingOf(user, this.#platform())
    return standing.kind === 'good' ? standing.user : undefined
  }

  /**
   * Returns the user of an API key. Returns undefined if the key is unknown, or if the user or its
   * account is disabled.
   */
  byApiKey(apiKey: string): User | undefined {
    const user = this.#byApiKey.find(this.#platform().users, hashApiKey(apiKey))
    return user && this.current(user)
  }
}
