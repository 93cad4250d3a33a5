// Signs customers in. Passwords are stored as argon2id, which takes some 40 ms of a core to check.
// A verified password is remembered for as long as its stored secret stands, so that a storm of
// rebinds costs microseconds each. The checks that remain run a few at once, and addresses take
// turns, so that one customer's wrong passwords do not keep the others waiting. An unknown user
// costs as much as a wrong password. API keys need no such check: they are long and random, and
// their digest is looked up.

import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { FairTurns } from '../../flow/fairTurns.ts'
import type { Platform } from '../../platform/platform.ts'
import type { User } from '../../platform/user.ts'
import { hashApiKey, hashPassword, verifyPassword } from '../../platform/userSecrets.ts'
import { standingOf } from './standingOf.ts'
import { UsersByApiKey } from './usersByApiKey.ts'
import { VerifiedPasswords } from './verifiedPasswords.ts'

/** One of the four threads of Node's pool stays free for files and host names. */
const CHECKS_AT_ONCE = Math.min(3, availableParallelism())

export interface CredentialsOptions {
  readonly verify?: typeof verifyPassword
  readonly checksAtOnce?: number
  readonly verified?: VerifiedPasswords
}

/** A sign-in that waits for its password to be checked. */
export interface SignInAttempt {
  /** Addresses take turns. */
  readonly from: string
  /** False when nobody waits for the answer any more. */
  isWanted(): boolean
}

const ANYBODY: SignInAttempt = { from: '', isWanted: () => true }

/** A password that waits for its check, and all who gave it. */
interface Check {
  readonly attempts: SignInAttempt[]
  readonly isRight: Promise<boolean | undefined>
}

export class Credentials {
  readonly #platform: () => Platform
  readonly #verify: typeof verifyPassword
  readonly #verified: VerifiedPasswords
  readonly #turns: FairTurns
  /** By digest. */
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

  /** Passwords that wait to be checked. */
  get waitingChecks(): number {
    return this.#turns.waiting
  }

  /**
   * Call it at each change of the platform: what was verified is forgotten with its secret.
   *
   * @param changed ids of the users that changed since the last call; undefined for everybody
   */
  follow({ users }: Pick<Platform, 'users'>, changed?: ReadonlySet<string>): void {
    if (users === this.#followed) return
    this.#followed = users
    this.#verified.forgetChanged(users, changed)
    this.#byApiKey.follow(users, changed)
  }

  /**
   * The user with this password; undefined if it is wrong. Whether that user may sign in is for
   * `current` to say, in the same tick as the bind: checking a password takes time.
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

  /** A customer that binds ten times with one password costs one check. */
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
      // The others may have given up just before this attempt came.
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

  /** The user as it is now; undefined if it may not sign in, or its password has changed. */
  current(user: User): User | undefined {
    const standing = standingOf(user, this.#platform())
    return standing.kind === 'good' ? standing.user : undefined
  }

  /** Undefined for an unknown key, and for a user who is disabled or whose account is. */
  byApiKey(apiKey: string): User | undefined {
    const user = this.#byApiKey.find(this.#platform().users, hashApiKey(apiKey))
    return user && this.current(user)
  }
}
