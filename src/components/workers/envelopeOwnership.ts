// This process as an owner of envelopes. It claims an envelope before it submits the first message,
// so that no other process submits one of its messages meanwhile, whatever the queue delivers.
//
// While the process lives it changes the beat of its row in each round. An owner whose beat stands
// still for a whole lease is disowned, and others may claim its envelopes. Only a process that
// could read the beats all that time may say so, by its own monotonic clock: after an outage of the
// database, which kept everybody from beating, each owner has a whole lease to return. The owner
// itself sends nothing from one lease after it began its last successful beat, and checks that in
// the tick of each write. One that was disowned goes on as a new owner with empty hands.

import { uuidv7 } from 'uuidv7'
import { asError } from '../../flow/asError.ts'
import { Batcher } from '../../flow/batcher.ts'
import type { EnvelopeClaim, OwnerBeat, WantedEnvelope } from '../../message/checkpointTable.ts'

/** The database's side: `envelopeOwners` and `claimEnvelopes`. */
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
  /** Sending may go on. */
  onHeld(): void
  /** Everything that was claimed so far belongs to others by now. */
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
  /** Ids of envelopes that are claimed, or being claimed, for somebody here. */
  #inHand = new Set<string>()
  /** Those that nobody here has in hand, although the database may say that they are ours. */
  #doubtful = new Set<string>()
  /** The other owners, as the rounds since the last gap saw them. */
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

  /** How long an envelope that somebody else holds is left alone. */
  get retryHeldMs(): number {
    return this.#options.leaseMs / ROUNDS_PER_LEASE
  }

  listen(listener: OwnershipListener): void {
    this.#listeners.add(listener)
  }

  /** Begins with the first round. It never fails: without a database the rounds go on. */
  start(): Promise<void> {
    return this.#runRound()
  }

  /** Whether what this process owns is still its own. Checked in the tick of each write. */
  isHeld(nowMs: number): boolean {
    return nowMs < this.#heldUntilMs
  }

  /**
   * Waits until this process is an owner. Rejects while the database is away, or after stop(). What
   * is claimed is in hand until letGo(); a second entry with the same envelope is held meanwhile.
   *
   * @param begins whether messages of it may be submitted; if not, it is only looked after
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
      // It may have been claimed, and only the answer got lost.
      this.letGo(envelopeId, true)
      throw error
    }
  }

  /**
   * Nobody here works on it any more.
   *
   * @param isOpen whether others shall go on with it
   */
  letGo(envelopeId: string, isOpen: boolean): void {
    this.#inHand.delete(envelopeId)
    if (isOpen) this.#doubtful.add(envelopeId)
  }

  /** Called when nothing is in hand any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    for (const proceed of this.#waiting.splice(0)) proceed()
    await this.#running
    await this.#claims.whenIdle()
    this.#heldUntilMs = Number.NEGATIVE_INFINITY
    await this.#options.store
      .leave(this.#owner)
      .catch((error: Error) => this.#options.onTrouble('leaving the owners of envelopes', error))
  }

  async #claimAll(wanted: Wanted[]): Promise<void> {
    const owner = this.#owner
    try {
      if (!this.isHeld(this.#now())) throw new Error('this process owns no envelopes now')
      const once = new Map(wanted.map((one) => [one.envelopeId, one]))
      const claims = await this.#options.store.claim(owner, [...once.values()])
      // Claimed for an owner that was disowned meanwhile.
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

  /** Answers the rest until the next round. */
  async #round(): Promise<number> {
    try {
      await this.#beat()
      await this.#releaseDoubtful()
      await this.#disownTheDead()
      this.#healthy = true
      return this.#options.leaseMs / ROUNDS_PER_LEASE
    } catch (error) {
      this.#lastRoundMs = Number.NEGATIVE_INFINITY
      if (this.#healthy) this.#options.onTrouble('the lease on envelopes', asError(error))
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

  /** One that stayed ours by mistake would be held to everybody for as long as we live. */
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
    // Between two rounds far apart a beat may have stood still through nobody's fault.
    const isUnbroken = answeredAtMs - this.#lastRoundMs < leaseMs
    this.#lastRoundMs = askedAtMs
    const seen = new Map<string, Seen>()
    const dead: OwnerBeat[] = []
    for (const { owner, beat } of others) {
      const before = this.#seen.get(owner)
      const isSame = isUnbroken && before?.beat === beat
      // A new beat counts from when it was certainly there, a standing one until it was asked for.
      const now = isSame ? before : { beat, sinceMs: answeredAtMs }
      seen.set(owner, now)
      if (askedAtMs - now.sinceMs >= leaseMs) dead.push({ owner, beat })
    }
    this.#seen = seen
    if (dead.length > 0) await store.disown(dead)
  }
}
