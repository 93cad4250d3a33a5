// The connectors that this process works for: one ConnectorWork each, with a bind per leased slot.
// Changed settings apply to open binds. Those that only a new session can follow have the binds
// remade one after the other, while the work in hand goes on. A disabled connector has no binds.

import { setTimeout as delay } from 'node:timers/promises'
import type { Connector } from '../../platform/connector.ts'
import type { Queue } from '../../queue/queue.ts'
import { type BindEvents, SILENT } from './bindLog.ts'
import type { ConnectorLease } from './bindLeases.ts'
import { CARETAKERS_SLOT } from './caretaker.ts'
import { isClearing } from './clearedOutcome.ts'
import type { ConnectorFigures } from './connectorFigures.ts'
import { connectorPassword } from './connectorPassword.ts'
import { ConnectorWork, type ConnectorWorkOptions } from './connectorWork.ts'
import type { EnvelopeOwnership } from './envelopeOwnership.ts'
import { type ReceiptIntake, receiptSource } from './receiptIntake.ts'
import { UpstreamBind } from './upstreamBind.ts'

export interface ConnectorPoolOptions extends Pick<
  ConnectorWorkOptions,
  'queueLeaseMs' | 'writer' | 'recent' | 'clock' | 'finishEnvelopes' | 'confirmedAtMs' | 'onTrouble'
> {
  queue: Queue
  ownership: ConnectorWorkOptions['ownership'] & Pick<EnvelopeOwnership, 'listen'>
  secretsDir: string
  intake: ReceiptIntake
  /** Whether this process looks after the messages of a connector that nobody has bound. */
  caresFor: (connector: string) => boolean
  /** Hears of the binds of a connector. */
  bindEvents?: (connector: string) => BindEvents
}

interface Entry {
  work: ConnectorWork
  binds: Map<number, UpstreamBind>
  /** Slots whose former bind is still unbinding. A second bind there would be one too many. */
  closing: Map<number, Promise<void>>
  /** The result of the last round of leasing. */
  held: ConnectorLease | undefined
  /** Its outdated binds are being remade. */
  isRemaking: boolean
  /** Its connector was deleted, and its binds are closing. */
  isLeaving: boolean
}

/** A bind that is remade takes so long at most to come up before the next one is closed. */
const REMAKE_MS_MAX = 10_000

export class ConnectorPool {
  #options: ConnectorPoolOptions
  #connectors: ReadonlyMap<string, Connector> = new Map()
  #entries = new Map<string, Entry>()
  /** The work for deleted connectors, and when it has let go of all that it had in hand. */
  #ending = new Map<ConnectorWork, Promise<void>>()

  constructor(options: ConnectorPoolOptions) {
    this.#options = options
    options.ownership.listen({
      onHeld: () => {
        for (const { work } of this.#entries.values()) work.wake()
      },
      onDisowned: () => {
        for (const { work } of this.#entries.values()) work.abandon()
        for (const work of this.#ending.keys()) work.abandon()
      },
    })
  }

  setConnectors(connectors: ReadonlyMap<string, Connector>): void {
    this.#connectors = connectors
    // Any process may clear a connector: it needs no bind for that.
    for (const connector of connectors.values())
      if (isClearing(connector)) this.#entryFor(connector)
    for (const [id, entry] of this.#entries) this.#follow(id, entry)
  }

  /**
   * Takes the slots that are held now; all others were lost or given up. It is called in each round
   * of leasing, so a bind that cannot be opened yet is opened in a later one.
   */
  setLease(id: string, lease: ConnectorLease): void {
    const { slots, heldUntilMs } = lease
    const connector = this.#connectors.get(id)
    if (!connector) return
    const entry = this.#entryFor(connector)
    entry.held = lease
    entry.work.setPace(lease.pace)
    if (!connector.enabled) return
    const gone = [...entry.binds.keys()].filter((slot) => !slots.includes(slot))
    if (gone.length > 0) this.#closeThenBind(id, entry, gone)
    for (const slot of slots) {
      const bind = entry.binds.get(slot)
      if (bind) bind.extendLease(heldUntilMs)
      else if (!entry.closing.has(slot))
        entry.binds.set(slot, this.#bind(entry.work, connector, slot, heldUntilMs))
    }
    entry.work.setBinds([...entry.binds.values()])
  }

  /** Holds at once. A higher pace comes with a lease. */
  lowerPace(id: string, pace: number): void {
    const entry = this.#entries.get(id)
    if (entry?.held) entry.held = { ...entry.held, pace }
    entry?.work.setPace(pace)
  }

  /** Gives slots up. Resolves when their links are closed. */
  async closeSlots(id: string, slots: readonly number[]): Promise<void> {
    const entry = this.#entries.get(id)
    if (!entry) return
    const { held } = entry
    if (held) entry.held = { ...held, slots: held.slots.filter((slot) => !slots.includes(slot)) }
    await closeBinds(entry, slots, 'this process no longer holds the slot')
  }

  /** The slots whose bind is up. */
  boundSlots(id: string): number[] {
    const binds = this.#entries.get(id)?.binds ?? []
    return [...binds].flatMap(([slot, bind]) => (bind.bound ? [slot] : []))
  }

  /** What it may do for the connector has changed. */
  wake(id: string): void {
    this.#entries.get(id)?.work.wake()
  }

  /** Receives and sends nothing more. */
  stop(): void {
    for (const { work } of this.#entries.values()) work.stop()
  }

  /** Called after the binds are closed and all outcomes are written. */
  async close(): Promise<void> {
    const closed = [...this.#entries.values()].map(({ work }) => work.close())
    await Promise.all([...closed, ...this.#ending.values()])
  }

  *boundByConnector(): Iterable<[string, number]> {
    for (const [id, { binds }] of this.#entries)
      yield [id, [...binds.values()].filter((bind) => bind.bound).length]
  }

  *paceByConnector(): Iterable<[string, number]> {
    for (const [id, { work }] of this.#entries) yield [id, work.pace]
  }

  *figuresByConnector(): Iterable<[string, ConnectorFigures]> {
    for (const [id, { work }] of this.#entries) yield [id, work.figures]
  }

  /** Binds the slots that are still held once the former binds are closed, with new settings. */
  #closeThenBind(id: string, entry: Entry, gone: readonly number[]): void {
    const isDisabled = this.#connectors.get(id)?.enabled === false
    const reason = isDisabled ? 'the connector was disabled' : 'the lease of the slot was lost'
    closeBinds(entry, gone, reason)
      .then(() => {
        if (entry.held) this.setLease(id, entry.held)
      })
      .catch((error: Error) => this.#options.onTrouble(`closing binds of ${id}`, error))
  }

  /** Leases of a disabled connector end later. Its binds end now, whatever else is under way. */
  #follow(id: string, entry: Entry): void {
    const connector = this.#connectors.get(id)
    if (!connector) return this.#leave(id, entry)
    if (!connector.enabled) {
      const slots = [...entry.binds.keys()]
      return slots.length > 0 ? this.#closeThenBind(id, entry, slots) : entry.work.wake()
    }
    for (const bind of entry.binds.values()) bind.adjust(connector)
    // It may be paused, or no longer.
    entry.work.wake()
    if (entry.isRemaking) return
    entry.isRemaking = true
    this.#remakeOutdated(id, entry)
      .catch((error: Error) => this.#options.onTrouble(`binding ${id} anew`, error))
      .finally(() => (entry.isRemaking = false))
  }

  /** The connector was deleted: nobody is left to submit to, and its queues need no look. */
  #leave(id: string, entry: Entry): void {
    if (entry.isLeaving) return
    entry.isLeaving = true
    entry.held = undefined
    const slots = [...entry.binds.keys(), ...entry.closing.keys()]
    closeBinds(entry, slots, 'the connector was deleted')
      .then(() => this.#end(id, entry))
      .catch((error: Error) => this.#options.onTrouble(`leaving ${id}`, error))
  }

  async #end(id: string, entry: Entry): Promise<void> {
    entry.isLeaving = false
    // Somebody may have made it anew meanwhile.
    if (this.#connectors.has(id)) return
    const { work } = entry
    this.#entries.delete(id)
    work.stop()
    const ended = work.close().finally(() => this.#ending.delete(work))
    this.#ending.set(work, ended)
    await ended
  }

  /** One by one, those first that are not up, so that the connector keeps a link. */
  async #remakeOutdated(id: string, entry: Entry): Promise<void> {
    for (;;) {
      const outdated = [...entry.binds.values()].filter((bind) => bind.isOutdated)
      const next = outdated.find((bind) => !bind.bound) ?? outdated[0]
      if (!next) return
      await closeBinds(entry, [next.slot], 'changed settings need a new session')
      if (entry.held) this.setLease(id, entry.held)
      const waited = new AbortController()
      const tooLong = delay(REMAKE_MS_MAX, undefined, { signal: waited.signal }).catch(() => null)
      await Promise.race([entry.binds.get(next.slot)?.firstBound, tooLong])
      waited.abort()
    }
  }

  /**
   * Nobody submits for a connector that is paused or disabled. Whoever holds its first slot looks
   * after its messages, so that they expire in time.
   */
  #caresAtRest(id: string): boolean {
    const connector = this.#connectors.get(id)
    const held = this.#entries.get(id)?.held
    if (!connector || !held || (connector.enabled && !connector.paused)) return false
    return held.slots.includes(CARETAKERS_SLOT) && performance.now() < held.heldUntilMs
  }

  #entryFor(connector: Connector): Entry {
    const { id } = connector
    let entry = this.#entries.get(id)
    if (!entry) {
      const work = new ConnectorWork({
        ...this.#options,
        caresFor: () => this.#caresAtRest(id) || this.#options.caresFor(id),
        connector: () => this.#connectors.get(id) ?? connector,
      })
      entry = {
        work,
        binds: new Map(),
        closing: new Map(),
        held: undefined,
        isRemaking: false,
        isLeaving: false,
      }
      this.#entries.set(id, entry)
    }
    return entry
  }

  #bind(
    work: ConnectorWork,
    connector: Connector,
    slot: number,
    heldUntilMs: number,
  ): UpstreamBind {
    const { bindEvents, intake, secretsDir } = this.#options
    const current = () => this.#connectors.get(connector.id) ?? connector
    const source = receiptSource(current, slot)
    return new UpstreamBind({
      connector,
      slot,
      heldUntilMs,
      password: (settings) => connectorPassword(settings, secretsDir),
      onDeliver: (session, pdu) => intake.take(source(), session, pdu),
      onChange: () => work.wake(),
      events: bindEvents?.(connector.id) ?? SILENT,
    })
  }
}

async function closeBinds(entry: Entry, slots: readonly number[], reason: string): Promise<void> {
  for (const slot of slots) {
    const bind = entry.binds.get(slot)
    if (!bind) continue
    entry.binds.delete(slot)
    entry.closing.set(
      slot,
      bind.close(reason).finally(() => entry.closing.delete(slot)),
    )
  }
  entry.work.setBinds([...entry.binds.values()])
  // This includes binds that were closing already: a slot is free only when its link is closed.
  await Promise.all(slots.flatMap((slot) => entry.closing.get(slot) ?? []))
}
