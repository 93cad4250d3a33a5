// Decides which upstream binds this process may hold, and how much of each connector's pace
// (messages a second) it may use. A connector has one slot for each bind that it allows, and the
// database leases each slot to one process at a time. A lease begins just before its renewal is
// requested, by the monotonic clock of this process. Even after a slow answer, a process therefore
// never uses a lease longer than the database allows. The lease is checked in the same iteration of
// the event loop as each write to an SMSC. If leases cannot be renewed because the database is
// unavailable, they expire, and the process closes their binds. A connector therefore never has too
// many binds, even if other processes lease the slots next. Binds and pace are given up in a safe
// order. The process first closes the bind or slows down, and then notifies the database, which may
// grant the slot or the pace to other processes.
//
// One statement per round serves all connectors. Each process takes its share of the free slots. If
// slots remain free for two rounds because other processes have died or are suspended, any process
// may take them. A process that has fewer slots than another process asks that process for some of
// its slots. The holder then closes the binds of these slots and releases the slots, a few at a
// time. A bind is closed only if another process is waiting for its slot.

import { asError } from '../../flow/asError.ts'
import { Batcher } from '../../flow/batcher.ts'
import { isolateHarm } from '../../flow/isolateHarm.ts'
import { paceShare } from '../../flow/paceShare.ts'
import type { Connector } from '../../platform/connector.ts'
import type {
  ReleasedSlot,
  RenewedLease,
  SlotAnswer,
  SlotClaim,
  SlotLease,
  SlotLimits,
} from '../../cluster/bindSlotTable.ts'
import { doesHarm } from '../doesHarm.ts'

/** The slots and the pace of a connector that this process may use. */
export interface ConnectorLease {
  readonly slots: readonly number[]
  /** Messages a second over all these slots together. */
  readonly pace: number
  /** When the leases end, in monotonic ms. */
  readonly heldUntilMs: number
}

export interface BindLeasesOptions {
  acquire: (claims: readonly SlotClaim[], limits: SlotLimits) => Promise<SlotAnswer>
  release: (slots: readonly ReleasedSlot[]) => Promise<void>
  /** The number of live workers, including this one. */
  workers: () => number
  ttlMs: number
  /** Called after each round with the current lease. */
  onChange: (connector: string, lease: ConnectorLease) => void
  /** Lowers the pace immediately, because the database may grant the difference to others. */
  lowerPace: (connector: string, pace: number) => void
  /** Resolves when the binds of these slots are closed. The slots are released after that. */
  closeBinds: (connector: string, slots: readonly number[]) => Promise<void>
  onTrouble: (what: string, error: Error) => void
  now?: () => number
}

/** A slot that can be released because its bind is closed. */
interface Release extends ReleasedSlot {
  done: () => void
  failed: (error: Error) => void
}

/** Other processes notice a released slot within this time. */
const SEARCH_INTERVAL_MS = 2_000
/** A process that waits for slots runs its rounds more often by this factor. */
const AWAITING_RATE = 4
/** After this many rounds, any process may take the slots that are still free. */
const ROUNDS_OF_PATIENCE = 2
/** The most slots that this process hands over, or asks other processes for, at a time. */
const HANDED_OVER_MAX = 10
/**
 * In every fifth round the database checks whether other processes have more slots than this one.
 */
const ROUNDS_BETWEEN_ASKS = 5
const RELEASED_MAX = 1_000

export class BindLeases {
  #options: BindLeasesOptions
  #now: () => number
  #connectors: readonly Connector[] = []
  #held = new Map<string, readonly SlotLease[]>()
  /** When the leases of each connector end, in monotonic ms. */
  #heldUntilMs = new Map<string, number>()
  /** The slots of each connector that are being given up. Their binds are closing. */
  #leaving = new Map<string, Set<number>>()
  #givingUp = new Set<Promise<void>>()
  #releases: Batcher<Release>
  /** When each connector was first seen with free slots, in monotonic ms. */
  #freeSinceMs = new Map<string, number>()
  /** Connectors whose claims the database refused. Each of them gets its own statement. */
  #refused = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #rounds = 0
  /** Connectors with slots that this process asked other processes for and does not hold yet. */
  #awaited: ReadonlySet<string> = new Set()
  /**
   * Whether some slots were locked in the last round, so that this process could not ask for them.
   */
  #hasMissed = false
  #stopped = false

  constructor(options: BindLeasesOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#releases = new Batcher<Release>({
      send: (batch) => this.#release(batch),
      onError: (error) => options.onTrouble('releasing binds', error),
      maxItems: RELEASED_MAX,
    })
  }

  /** Sets the connectors whose slots are leased. Called at the start and when connectors change. */
  want(connectors: readonly Connector[]): void {
    // A disabled connector has no binds, but the holder of its first slot looks after its messages.
    this.#connectors = connectors.map((connector) =>
      connector.enabled ? connector : { ...connector, binds: 1 },
    )
    this.#roundNow()
  }

  /** Resolves when no round is running and no slot is being given up. */
  async whenSettled(): Promise<void> {
    await this.#running
    await Promise.all(this.#givingUp)
  }

  /** Closes all binds and releases their slots. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
    for (const connector of this.#held.keys()) this.#giveUp(connector, this.#slotsOf(connector))
    await Promise.all(this.#givingUp)
  }

  #roundNow(): void {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#running = this.#running.then(() => this.#round())
  }

  async #round(): Promise<void> {
    const wanted = new Set(this.#connectors.map((connector) => connector.id))
    for (const connector of this.#held.keys())
      if (!wanted.has(connector)) this.#giveUp(connector, this.#slotsOf(connector))
    const claims = this.#connectors.map((connector) => this.#claim(connector))
    // The answer may still list the slots that are being given up now, even if these slots are
    // released before the answer arrives.
    const leaving = new Map([...this.#leaving].map(([id, slots]) => [id, new Set(slots)]))
    const askedAtMs = this.#now()
    let restMs = this.#searchMs
    try {
      const answer = await this.#acquire(claims)
      const leases = answer.leases.filter(
        ({ connector, slot }) => !leaving.get(connector)?.has(slot),
      )
      const hasTaken = this.#take(leases, answer.locked, askedAtMs + this.#options.ttlMs)
      this.#noticeFree(answer)
      this.#handOver(leases)
      // There may be more free slots than one statement can lease.
      if (hasTaken && answer.free.length > 0) restMs = 0
      else if (this.#awaited.size > 0 || answer.hasMissed) restMs /= AWAITING_RATE
    } catch (error) {
      this.#options.onTrouble('renewing the leases of binds', asError(error))
    }
    clearTimeout(this.#timer)
    if (!this.#stopped) this.#timer = setTimeout(() => this.#roundNow(), restMs)
  }

  get #searchMs(): number {
    return Math.min(SEARCH_INTERVAL_MS, this.#options.ttlMs / 6)
  }

  /** Returns the claim for the database. A lower pace is applied here, before the claim is sent. */
  #claim({ binds, id, tps }: Connector): SlotClaim {
    const shares = Array.from({ length: binds }, (_, index) => paceShare(tps, binds, index + 1))
    const surplus = this.#slotsOf(id).filter((slot) => slot > binds)
    if (surplus.length > 0) this.#giveUp(id, surplus)
    this.#keep(id, ({ slot }) => shares[slot - 1] ?? 0)
    const freeMs = this.#now() - (this.#freeSinceMs.get(id) ?? Number.POSITIVE_INFINITY)
    const isOverdue = this.#awaited.has(id) || freeMs >= ROUNDS_OF_PATIENCE * this.#searchMs
    return { connector: id, shares, wanted: isOverdue ? binds : this.#shareOf(binds), isOverdue }
  }

  /** One worker's share of this number of slots. */
  #shareOf(slots: number): number {
    return Math.ceil(slots / Math.max(1, this.#options.workers()))
  }

  async #acquire(claims: readonly SlotClaim[]): Promise<SlotAnswer> {
    const most = this.#shareOf(claims.reduce((sum, { shares }) => sum + shares.length, 0))
    const looks =
      this.#hasMissed || this.#awaited.size > 0 || this.#rounds++ % ROUNDS_BETWEEN_ASKS === 0
    const limits = { most, asks: looks ? HANDED_OVER_MAX : 0 }
    const answers: SlotAnswer[] = []
    const acquire = async (some: readonly SlotClaim[]): Promise<Error | undefined> => {
      try {
        answers.push(await this.#options.acquire(some, limits))
        return undefined
      } catch (error) {
        if (!doesHarm(error)) throw error
        return error
      }
    }
    const usual = claims.filter(({ connector }) => !this.#refused.has(connector))
    const apart = claims.filter(({ connector }) => this.#refused.has(connector))
    const harmful = await isolateHarm(usual, acquire)
    for (const claim of apart) harmful.push(...(await isolateHarm([claim], acquire)))
    this.#refused = new Set(harmful.map(({ item }) => item.connector))
    for (const { error, item } of harmful)
      this.#options.onTrouble(`renewing the binds of ${item.connector}`, error)
    return {
      leases: answers.flatMap(({ leases }) => leases),
      locked: [...answers.flatMap(({ locked }) => locked), ...this.#refused],
      free: answers.flatMap(({ free }) => free),
      awaited: answers.flatMap(({ awaited }) => awaited),
      hasMissed: answers.some(({ hasMissed }) => hasMissed),
    }
  }

  /**
   * Applies the renewed leases. Returns whether this process has new slots. The connectors in
   * `locked` keep their former leases, because the database did not renew them.
   */
  #take(leases: readonly RenewedLease[], locked: readonly string[], heldUntilMs: number): boolean {
    const byConnector = Map.groupBy(leases, ({ connector }) => connector)
    const left = new Set(locked)
    let hasTaken = false
    for (const { id } of this.#connectors) {
      if (left.has(id)) continue
      const renewed = byConnector.get(id) ?? []
      const before = this.#slotsOf(id)
      hasTaken ||= renewed.some(({ slot }) => !before.includes(slot))
      // An increase in pace takes effect one second later (flow/pacer.ts). If the lease had ended,
      // all pace counts as an increase, because another process may have held the slot meanwhile.
      const granted = new Map(renewed.map(({ pace, slot }) => [slot, pace]))
      this.#keep(id, ({ slot }) => (this.#isOver(id) ? 0 : (granted.get(slot) ?? 0)))
      this.#hold(
        id,
        renewed.map(({ pace, slot }) => ({ slot, pace })),
      )
      this.#heldUntilMs.set(id, heldUntilMs)
      const slots = renewed.map(({ slot }) => slot)
      this.#options.onChange(id, { slots, pace: sum(renewed), heldUntilMs })
    }
    return hasTaken
  }

  #noticeFree({ awaited, free, hasMissed }: SlotAnswer): void {
    const nowMs = this.#now()
    this.#freeSinceMs = new Map(free.map((id) => [id, this.#freeSinceMs.get(id) ?? nowMs]))
    this.#awaited = new Set([...awaited, ...free.filter((id) => this.#awaited.has(id))])
    this.#hasMissed = hasMissed
  }

  /** Gives up the slots that other processes ask for, a few at a time. */
  #handOver(leases: readonly RenewedLease[]): void {
    const underWay = [...this.#leaving.values()].reduce((slots, { size }) => slots + size, 0)
    const asked = leases.filter(({ isAsked }) => isAsked)
    for (const { connector, slot } of asked.slice(0, Math.max(0, HANDED_OVER_MAX - underWay)))
      this.#giveUp(connector, [slot])
  }

  #hold(connector: string, leases: readonly SlotLease[]): void {
    if (leases.length > 0) this.#held.set(connector, leases)
    else this.#held.delete(connector)
  }

  /** Lowers the pace of each slot to at most the result of `share`. */
  #keep(connector: string, share: (lease: SlotLease) => number): void {
    const before = this.#held.get(connector) ?? []
    const after = before.map((lease) => ({ ...lease, pace: Math.min(lease.pace, share(lease)) }))
    if (sum(after) === sum(before)) return
    this.#held.set(connector, after)
    this.#options.lowerPace(connector, sum(after))
  }

  #isOver(connector: string): boolean {
    return this.#now() >= (this.#heldUntilMs.get(connector) ?? 0)
  }

  #slotsOf(connector: string): number[] {
    return (this.#held.get(connector) ?? []).map(({ slot }) => slot)
  }

  /**
   * Closes binds and releases their slots in the background, because an SMSC that is slow to unbind
   * must not delay the leases of other connectors.
   */
  #giveUp(connector: string, slots: readonly number[]): void {
    this.#keep(connector, (lease) => (slots.includes(lease.slot) ? 0 : lease.pace))
    const left = (this.#held.get(connector) ?? []).filter(({ slot }) => !slots.includes(slot))
    this.#hold(connector, left)
    const leaving = this.#leaving.get(connector) ?? new Set()
    this.#leaving.set(connector, leaving)
    for (const slot of slots) leaving.add(slot)
    const gone = this.#closeAndRelease(connector, slots).finally(() => {
      this.#givingUp.delete(gone)
      for (const slot of slots) leaving.delete(slot)
      if (leaving.size === 0) this.#leaving.delete(connector)
    })
    this.#givingUp.add(gone)
  }

  async #closeAndRelease(connector: string, slots: readonly number[]): Promise<void> {
    try {
      await this.#options.closeBinds(connector, slots)
      await Promise.all(
        slots.map(
          (slot) =>
            new Promise<void>((done, failed) =>
              this.#releases.add({ connector, slot, done, failed }),
            ),
        ),
      )
    } catch (error) {
      // The leases expire on their own.
      this.#options.onTrouble(`releasing binds of ${connector}`, asError(error))
    }
  }

  async #release(batch: readonly Release[]): Promise<void> {
    try {
      await this.#options.release(batch.map(({ connector, slot }) => ({ connector, slot })))
      for (const { done } of batch) done()
    } catch (error) {
      for (const { failed } of batch) failed(asError(error))
    }
  }
}

function sum(leases: readonly SlotLease[]): number {
  return leases.reduce((total, { pace }) => total + pace, 0)
}
