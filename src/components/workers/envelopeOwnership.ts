// Makes this process an owner of envelopes. A process claims an envelope before it submits the
// first message of the envelope. No other process can then submit these messages at the same time,
// even if the queue delivers the envelope twice.
//
// A live process changes the heartbeat in its row in each round. An owner is disowned if its
// heartbeat does not change for a full lease. Other processes may then claim its envelopes. A
// process may disown another owner only if it was able to read the heartbeats during that whole
// time, by its own monotonic clock. During a database outage, heartbeats can be neither sent nor
// read. After the outage, each owner therefore has a full lease to send the next heartbeat. An
// owner stops sending messages one lease after it started its last successful heartbeat. It checks
// this in the same iteration of the event loop as each write. A disowned process continues as a new
// owner without envelopes.

import { uuidv7 } from 'uuidv7'
import { asError } from '../../flow/asError.ts'
import { Batcher } from '../../flow/batcher.ts'
import type { EnvelopeClaim, OwnerBeat, WantedEnvelope } from '../../message/checkpointTable.ts'

/** The database statements: `envelopeOwners`, `claimEnvelopes` and `releaseEnvelopes`. */
export interface OwnerStore {
  appear(owner: string): Promise<void>
  beat(owner: string): Promise<boolean>
  others(owner: string): Promise<OwnerBeat[]>
  disown(dead: readonly OwnerBeat[]): Promise<void>
  leave(owner: string): Promise<void>
  claim(owner: string, wanted: readonly WantedEnvelope[]): Promise<Map<string, EnvelopeClaim>>
  release(owner: string, envelopeIds: readonly string[]): Promise<void>
}

export interface EnvelopeOwnershipOptions {
  store: OwnerStore
  leaseMs: number
  onTrouble: (what: string, error: Error) => void
  now?: () => number
}

export interface OwnershipListener {
  /** The lease was renewed, so sending may continue. */
  onHeld(): void
  /** This process was disowned. Other processes may now own the envelopes that it had claimed. */
  onDisowned(): void
}

interface Wanted extends WantedEnvelope {
  resolve: (claim: EnvelopeClaim) => void
  reject: (error: Error) => void
}

interface Seen {
  beat: string
  sinceMs: number
}

const CLAIMS_MAX = 500
const ROUNDS_PER_LEASE = 3
const AFTER_FAILURE_MS = 1_000

export class EnvelopeOwnership {
  #options: EnvelopeOwnershipOptions
  #now: () => number
  #owner = uuidv7()
  #hasAppeared = false
  #heldUntilMs = Number.NEGATIVE_INFINITY
  #listeners = new Set<OwnershipListener>()
  #claims: Batcher<Wanted>
  /** Ids of envelopes that this process has claimed or is claiming, until letGo() is called. */
  #inHand = new Set<string>()
  /** Ids of envelopes that this process no longer works on but may still own in the database. */
  #doubtful = new Set<string>()
  /** The heartbeats of other owners, as seen in the rounds since the last interruption. */
  #seen = new Map<string, Seen>()
  #lastRoundMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #waiting: (() => void)[] = []
  #healthy = true
  #stopped = false

  constructor(options: EnvelopeOwnershipOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#claims = new Batcher({
      send: (wanted) => this.#claimAll(wanted),
      onError: (error) => options.onTrouble('claiming envelopes', error),
      maxItems: CLAIMS_MAX,
      concurrency: 2,
    })
  }

  /** The time in ms until an envelope that another process holds is tried again. */
  get retryHeldMs(): number {
    return this.#options.leaseMs / ROUNDS_PER_LEASE
  }

  listen(listener: OwnershipListener): void {
    this.#listeners.add(listener)
  }

  /**
   * Runs the first round. Never rejects, because rounds continue while the database is unavailable.
   */
  start(): Promise<void> {
    return this.#runRound()
  }

  /**
   * Whether this process still owns its envelopes. Called in the same iteration of the event loop
   * as each write.
   */
  isHeld(nowMs: number): boolean {
    return nowMs < this.#heldUntilMs
  }

  /**
   * Waits until this process is an owner, and then claims the envelope. Rejects if the database
   * fails or if stop() was called. Until letGo() is called, any other claim of the same envelope
   * returns `held`.
   *
   * @param begins whether the messages may be submitted; if not, they may only expire on time
   */
  async claim(envelopeId: string, begins: boolean): Promise<EnvelopeClaim> {
    if (this.#inHand.has(envelopeId)) return { kind: 'held' }
    this.#inHand.add(envelopeId)
    try {
      if (!this.isHeld(this.#now()) && !this.#stopped)
        await new Promise<void>((resolve) => this.#waiting.push(resolve))
      const claim = await new Promise<EnvelopeClaim>((resolve, reject) =>
        this.#claims.add({ envelopeId, begins, resolve, reject }),
      )
      if (claim.kind !== 'claimed') this.#inHand.delete(envelopeId)
      return claim
    } catch (error) {
      // The claim may have succeeded even if its answer was lost.
      this.letGo(envelopeId, true)
      throw error
    }
  }

  /**
   * Called when this process no longer works on the envelope.
   *
   * @param isOpen whether other processes are to continue with the envelope
   */
  letGo(envelopeId: string, isOpen: boolean): void {
    this.#inHand.delete(envelopeId)
    if (isOpen) this.#doubtful.add(envelopeId)
  }

  /** Gives up the ownership of envelopes. Called after letGo() was called for all envelopes. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    for (const proceed of this.#waiting.splice(0)) proceed()
    await this.#running
    await this.#claims.whenIdle()
    this.#heldUntilMs = Number.NEGATIVE_INFINITY
    await this.#options.store
      .leave(this.#owner)
      .catch((error: Error) =>
        this.#options.onTrouble('giving up the ownership of envelopes', error),
      )
  }

  async #claimAll(wanted: Wanted[]): Promise<void> {
    const owner = this.#owner
    try {
      if (!this.isHeld(this.#now()))
        throw new Error('this process does not hold the lease on envelopes')
      const once = new Map(wanted.map((one) => [one.envelopeId, one]))
      const claims = await this.#options.store.claim(owner, [...once.values()])
      // The claims were made for an owner that has been disowned in the meantime.
      if (owner !== this.#owner) throw new Error('this process was disowned')
      for (const { envelopeId, resolve } of wanted)
        resolve(claims.get(envelopeId) ?? { kind: 'held' })
    } catch (error) {
      for (const { reject } of wanted) reject(asError(error))
    }
  }

  #runRound(): Promise<void> {
    this.#running = this.#round().then((restMs) => {
      if (!this.#stopped) this.#timer = setTimeout(() => void this.#runRound(), restMs)
    })
    return this.#running
  }

  /** Returns the ms until the next round. */
  async #round(): Promise<number> {
    try {
      await this.#beat()
      await this.#releaseDoubtful()
      await this.#disownTheDead()
      this.#healthy = true
      return this.#options.leaseMs / ROUNDS_PER_LEASE
    } catch (error) {
      this.#lastRoundMs = Number.NEGATIVE_INFINITY
      if (this.#healthy) this.#options.onTrouble('renewing the lease on envelopes', asError(error))
      this.#healthy = false
      return Math.min(AFTER_FAILURE_MS, this.#options.leaseMs / ROUNDS_PER_LEASE)
    }
  }

  async #beat(): Promise<void> {
    const { leaseMs, store } = this.#options
    const askedAtMs = this.#now()
    if (!this.#hasAppeared) await store.appear(this.#owner)
    else if (!(await store.beat(this.#owner))) return this.#disowned()
    this.#hasAppeared = true
    this.#heldUntilMs = askedAtMs + leaseMs
    for (const proceed of this.#waiting.splice(0)) proceed()
    for (const { onHeld } of this.#listeners) onHeld()
  }

  async #disowned(): Promise<void> {
    this.#owner = uuidv7()
    this.#hasAppeared = false
    this.#heldUntilMs = Number.NEGATIVE_INFINITY
    this.#doubtful.clear()
    for (const { onDisowned } of this.#listeners) onDisowned()
    await this.#beat()
  }

  /**
   * Releases envelopes that would otherwise be "held" for other processes until this process ends.
   */
  async #releaseDoubtful(): Promise<void> {
    const ids = [...this.#doubtful].filter((id) => !this.#inHand.has(id))
    if (ids.length > 0) await this.#options.store.release(this.#owner, ids)
    for (const id of ids) this.#doubtful.delete(id)
  }

  async #disownTheDead(): Promise<void> {
    const { leaseMs, store } = this.#options
    const askedAtMs = this.#now()
    const others = await store.others(this.#owner)
    const answeredAtMs = this.#now()
    // If the last round was long ago, an unchanged heartbeat does not prove that its owner is dead.
    const isUnbroken = answeredAtMs - this.#lastRoundMs < leaseMs
    this.#lastRoundMs = askedAtMs
    const seen = new Map<string, Seen>()
    const dead: OwnerBeat[] = []
    for (const { owner, beat } of others) {
      const before = this.#seen.get(owner)
      const isSame = isUnbroken && before?.beat === beat
      // The age of a heartbeat is the time from the first answer that contained this heartbeat to
      // the latest request.
      const now = isSame ? before : { beat, sinceMs: answeredAtMs }
      seen.set(owner, now)
      if (askedAtMs - now.sinceMs >= leaseMs) dead.push({ owner, beat })
    }
    this.#seen = seen
    if (dead.length > 0) await store.disown(dead)
  }
}
