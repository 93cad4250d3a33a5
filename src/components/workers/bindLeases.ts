// Decides which upstream binds this process may hold, and how much of a connector's pace is its
// own. A lease counts from before its renewal was requested, on the monotonic clock, so a slow
// answer never makes it longer than the database believes. It is checked in the tick of each write
// to an SMSC. While the database is away, leases run to their end and their binds close, so there
// is never a bind too many. Pace is given up in the order of binds: the process sends at the lower
// pace first, and then the database hears of it and may grant the rest to others.
//
// One statement a round serves all connectors. A process takes its share of the free slots, and
// what stays free for two rounds, because others are gone or stopped, is taken by whoever comes
// first. A process that has fewer slots than another asks for some of them; the other closes those
// binds and releases the slots, a few at a time, so no bind is closed that nobody waits for.

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

/** What this process may use of a connector. */
export interface ConnectorLease {
  readonly slots: readonly number[]
  /** Messages a second over all its binds. */
  readonly pace: number
  /** When the leases end, in monotonic ms. */
  readonly heldUntilMs: number
}

export interface BindLeasesOptions {
  acquire: (claims: readonly SlotClaim[], limits: SlotLimits) => Promise<SlotAnswer>
  release: (slots: readonly ReleasedSlot[]) => Promise<void>
  /** The number of live workers, this one included. */
  workers: () => number
  ttlMs: number
  /** Called after each round with what is held now. */
  onChange: (connector: string, lease: ConnectorLease) => void
  /** Sends no faster than this from now on: others may be granted the rest. */
  lowerPace: (connector: string, pace: number) => void
  /** Resolves when the binds of these slots are closed. Then the slots are given up. */
  closeBinds: (connector: string, slots: readonly number[]) => Promise<void>
  onTrouble: (what: string, error: Error) => void
  now?: () => number
}

/** A slot whose bind is closed. */
interface Release extends ReleasedSlot {
  done: () => void
  failed: (error: Error) => void
}

/** The others see within this time that a holder has left its slot. */
const SEARCH_INTERVAL_MS = 2_000
/** A process that waits for slots of others looks so much more often. */
const AWAITING_RATE = 4
/** The rounds after which slots that are still free are taken by whoever comes first. */
const ROUNDS_OF_PATIENCE = 2
/** Slots that are handed over to others at once, and those that this process waits for. */
const HANDED_OVER_MAX = 10
/** The database looks in every fifth round whether others have more slots. */
const ROUNDS_BETWEEN_ASKS = 5
const RELEASED_MAX = 1_000

export class BindLeases {
  #options: BindLeasesOptions
  #now: () => number
  #connectors: readonly Connector[] = []
  #held = new Map<string, readonly SlotLease[]>()
  /** When these leases end, in monotonic ms. */
  #heldUntilMs = new Map<string, number>()
  /** Slots that are given up: their binds are closing. */
  #leaving = new Map<string, Set<number>>()
  #givingUp = new Set<Promise<void>>()
  #releases: Batcher<Release>
  /** When connectors with free slots were first seen with them, in monotonic ms. */
  #freeSinceMs = new Map<string, number>()
  /** Connectors that the database refused: they do not share a statement with others. */
  #refused = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #rounds = 0
  /** Connectors with slots of others that this process waits for, or that were released for it. */
  #awaited: ReadonlySet<string> = new Set()
  /** Others have more slots, but those were locked in the last round. */
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

  /** Sets the connectors that are wanted, at the start and after each change. */
  want(connectors: readonly Connector[]): void {
    // A disabled connector has no binds, but whoever holds its first slot looks after its messages.
    this.#connectors = connectors.map((connector) =>
      connector.enabled ? connector : { ...connector, binds: 1 },
    )
    this.#roundNow()
  }

  /** Resolves when no round is under way and no slot is being given up. */
  async whenSettled(): Promise<void> {
    await this.#running
    await Promise.all(this.#givingUp)
  }

  /** Closes all binds and gives their slots back. */
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
    // The answer may still have the slots that are leaving now, even if they are released before it
    // arrives.
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
      // There may be more than one statement takes.
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

  /** What the database is asked for. A lower pace is kept before it hears of it. */
  #claim({ binds, id, tps }: Connector): SlotClaim {
    const shares = Array.from({ length: binds }, (_, index) => paceShare(tps, binds, index + 1))
    const surplus = this.#slotsOf(id).filter((slot) => slot > binds)
    if (surplus.length > 0) this.#giveUp(id, surplus)
    this.#keep(id, ({ slot }) => shares[slot - 1] ?? 0)
    const freeMs = this.#now() - (this.#freeSinceMs.get(id) ?? Number.POSITIVE_INFINITY)
    const isOverdue = this.#awaited.has(id) || freeMs >= ROUNDS_OF_PATIENCE * this.#searchMs
    return { connector: id, shares, wanted: isOverdue ? binds : this.#shareOf(binds), isOverdue }
  }

  /** Of so many slots, the share of one worker. */
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

  /** Answers whether there are new slots. What was locked keeps the leases that it had. */
  #take(leases: readonly RenewedLease[], locked: readonly string[], heldUntilMs: number): boolean {
    const byConnector = Map.groupBy(leases, ({ connector }) => connector)
    const left = new Set(locked)
    let hasTaken = false
    for (const { id } of this.#connectors) {
      if (left.has(id)) continue
      const renewed = byConnector.get(id) ?? []
      const before = this.#slotsOf(id)
      hasTaken ||= renewed.some(({ slot }) => !before.includes(slot))
      // What is new waits one window, also in a slot that somebody else held in between.
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

  /** Gives up what others ask for, a few slots at a time. */
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

  /** Lowers the pace of each slot to at most `share`. */
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
   * Side by side with the rounds, because one SMSC that is slow to unbind must not delay the leases
   * of others.
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
      // The leases run out by themselves.
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
