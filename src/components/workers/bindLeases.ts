// Decides which upstream binds this process may hold, and how much of a connector's pace is its
// own. A lease counts from before its renewal was requested, on the monotonic clock, so a slow
// answer never makes it longer than the database believes. It is checked in the tick of each write
// to an SMSC. While the database is away, leases run to their end and their binds close, so there
// is never a bind too many. Pace is given up in the order of binds: the process sends at the lower
// pace first, and then the database hears of it and may grant the rest to others.

import { asError } from '../../flow/asError.ts'
import { paceShare } from '../../flow/paceShare.ts'
import type { Connector } from '../../platform/connector.ts'
import type { SlotClaim, SlotLease } from '../../cluster/bindSlotTable.ts'

/** What this process may use of a connector. */
export interface ConnectorLease {
  readonly slots: readonly number[]
  /** Messages a second over all its binds. */
  readonly pace: number
  /** When the leases end, in monotonic ms. */
  readonly heldUntilMs: number
}

export interface BindLeasesOptions {
  acquire: (claim: SlotClaim) => Promise<SlotLease[]>
  release: (connector: string, slots: readonly number[]) => Promise<void>
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

/** The others see within this time that a holder has left its slot. */
const SEARCH_INTERVAL_MS = 2_000

export class BindLeases {
  #options: BindLeasesOptions
  #now: () => number
  #connectors: readonly Connector[] = []
  #held = new Map<string, readonly SlotLease[]>()
  /** When these leases end, in monotonic ms. */
  #heldUntilMs = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: BindLeasesOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** Sets the connectors that are wanted, at the start and after each change. */
  want(connectors: readonly Connector[]): void {
    // A disabled connector has no binds, but whoever holds its first slot looks after its messages.
    this.#connectors = connectors.map((connector) =>
      connector.enabled ? connector : { ...connector, binds: 1 },
    )
    this.#roundNow()
  }

  /** Closes all binds and gives their slots back. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
    await Promise.all([...this.#held.keys()].map((connector) => this.#giveUp(connector)))
  }

  #roundNow(): void {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#running = this.#running.then(() => this.#round())
  }

  async #round(): Promise<void> {
    const wanted = new Set(this.#connectors.map((connector) => connector.id))
    const unwanted = [...this.#held.keys()].filter((connector) => !wanted.has(connector))
    // Side by side, because one SMSC that is slow to unbind must not delay the leases of others.
    await Promise.all([
      ...this.#connectors.map((connector) => this.#renew(connector)),
      ...unwanted.map((connector) => this.#giveUp(connector)),
    ])
    clearTimeout(this.#timer)
    const restMs = Math.min(SEARCH_INTERVAL_MS, this.#options.ttlMs / 6)
    if (!this.#stopped) this.#timer = setTimeout(() => this.#roundNow(), restMs)
  }

  async #renew({ id, binds, tps }: Connector): Promise<void> {
    const wanted = Math.ceil(binds / Math.max(1, this.#options.workers()))
    const shares = Array.from({ length: binds }, (_, index) => paceShare(tps, binds, index + 1))
    const askedAtMs = this.#now()
    const heldUntilMs = askedAtMs + this.#options.ttlMs
    try {
      const surplus = this.#slotsOf(id).filter((slot, index) => index >= wanted || slot > binds)
      if (surplus.length > 0) await this.#giveUp(id, surplus)
      this.#keep(id, ({ slot }) => shares[slot - 1] ?? 0)
      const leases = await this.#options.acquire({ connector: id, shares, wanted })
      // What is new waits one window, also in a slot that somebody else held in between.
      const granted = new Map(leases.map(({ slot, pace }) => [slot, pace]))
      this.#keep(id, ({ slot }) => (this.#isOver(id) ? 0 : (granted.get(slot) ?? 0)))
      this.#held.set(id, leases)
      this.#heldUntilMs.set(id, heldUntilMs)
      const slots = leases.map(({ slot }) => slot)
      this.#options.onChange(id, { slots, pace: sum(leases), heldUntilMs })
    } catch (error) {
      this.#options.onTrouble(`renewing the binds of ${id}`, asError(error))
    }
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

  async #giveUp(connector: string, slots = this.#slotsOf(connector)): Promise<void> {
    try {
      this.#keep(connector, (lease) => (slots.includes(lease.slot) ? 0 : lease.pace))
      const left = (this.#held.get(connector) ?? []).filter(({ slot }) => !slots.includes(slot))
      if (left.length > 0) this.#held.set(connector, left)
      else this.#held.delete(connector)
      await this.#options.closeBinds(connector, slots)
      await this.#options.release(connector, slots)
    } catch (error) {
      // The leases run out by themselves.
      this.#options.onTrouble(`releasing binds of ${connector}`, asError(error))
    }
  }
}

function sum(leases: readonly SlotLease[]): number {
  return leases.reduce((total, { pace }) => total + pace, 0)
}
