// Decides which upstream binds this process may hold. A lease counts from before its renewal was
// requested, on the monotonic clock, so a slow answer never makes it longer than the database
// believes. It is checked in the tick of each write to an SMSC. While the database is away, leases
// run to their end and their binds close, so there is never a bind too many.

import { asError } from '../../flow/asError.ts'
import type { Connector } from '../../platform/connector.ts'
import type { SlotClaim } from '../../cluster/bindSlotTable.ts'

export interface BindLeasesOptions {
  acquire: (claim: SlotClaim) => Promise<number[]>
  release: (connector: string, slots: readonly number[]) => Promise<void>
  /** The number of live workers, this one included. */
  workers: () => number
  ttlMs: number
  /** Called after each round with the slots held now and the end of their leases (monotonic ms). */
  onChange: (connector: string, slots: readonly number[], heldUntilMs: number) => void
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
  #held = new Map<string, number[]>()
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
    await Promise.all([...this.#held].map(([connector, slots]) => this.#giveUp(connector, slots)))
  }

  #roundNow(): void {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#running = this.#running.then(() => this.#round())
  }

  async #round(): Promise<void> {
    const wanted = new Set(this.#connectors.map((connector) => connector.id))
    const unwanted = [...this.#held].filter(([connector]) => !wanted.has(connector))
    // Side by side, because one SMSC that is slow to unbind must not delay the leases of others.
    await Promise.all([
      ...this.#connectors.map((connector) => this.#renew(connector)),
      ...unwanted.map(([connector, slots]) => this.#giveUp(connector, slots)),
    ])
    clearTimeout(this.#timer)
    const restMs = Math.min(SEARCH_INTERVAL_MS, this.#options.ttlMs / 6)
    if (!this.#stopped) this.#timer = setTimeout(() => this.#roundNow(), restMs)
  }

  async #renew({ id, binds }: Connector): Promise<void> {
    const share = Math.ceil(binds / Math.max(1, this.#options.workers()))
    const askedAtMs = this.#now()
    try {
      const surplus = (this.#held.get(id) ?? []).filter(
        (slot, index) => index >= share || slot > binds,
      )
      if (surplus.length > 0) await this.#giveUp(id, surplus)
      const slots = await this.#options.acquire({ connector: id, slots: binds, wanted: share })
      this.#held.set(id, slots)
      this.#options.onChange(id, slots, askedAtMs + this.#options.ttlMs)
    } catch (error) {
      this.#options.onTrouble(`renewing the binds of ${id}`, asError(error))
    }
  }

  async #giveUp(connector: string, slots: readonly number[]): Promise<void> {
    const left = (this.#held.get(connector) ?? []).filter((slot) => !slots.includes(slot))
    if (left.length > 0) this.#held.set(connector, left)
    else this.#held.delete(connector)
    try {
      await this.#options.closeBinds(connector, slots)
      await this.#options.release(connector, slots)
    } catch (error) {
      // The leases run out by themselves.
      this.#options.onTrouble(`releasing binds of ${connector}`, asError(error))
    }
  }
}
