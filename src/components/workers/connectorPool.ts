// Manages the connectors that this process works for. Each connector has one ConnectorWork, and one
// bind per leased slot. Changed settings apply to open binds. If a change needs new sessions, the
// binds are replaced one at a time, while work in progress continues. A disabled connector has no
// binds.

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
  /** Whether this process looks after a connector's messages while it has no open bind. */
  caresFor: (connector: string) => boolean
  /** Returns the listener for the events of a connector's binds. */
  bindEvents?: (connector: string) => BindEvents
}

interface Entry {
  work: ConnectorWork
  binds: Map<number, UpstreamBind>
  /**
   * The slots whose former bind is still unbinding. With a new bind in such a slot, the connector
   * would have too many binds.
   */
  closing: Map<number, Promise<void>>
  /** The result of the last round of leasing. */
  held: ConnectorLease | undefined
  /** Whether outdated binds are being replaced. */
  isRemaking: boolean
  /** Whether the connector was deleted and its binds are closing. */
  isLeaving: boolean
}

/** The next bind is replaced after this time, even if the last replacement is not up yet. */
const REMAKE_MS_MAX = 10_000

export class ConnectorPool {
  #options: ConnectorPoolOptions
  #connectors: ReadonlyMap<string, Connector> = new Map()
  #entries = new Map<string, Entry>()
  /**
   * The work for deleted connectors. The promise resolves when all envelopes have been released.
   */
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
    // Any process may purge or move a disabled connector's messages, because this needs no bind.
    for (const connector of connectors.values())
      if (isClearing(connector)) this.#entryFor(connector)
    for (const [id, entry] of this.#entries) this.#follow(id, entry)
  }

  /**
   * Sets the slots that this process holds now. All other slots were lost or given up. This method
   * is called in each round of leasing. If a bind cannot be opened yet, a later round opens it.
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

  /** Applies a lower pace immediately. A higher pace is set by `setLease`. */
  lowerPace(id: string, pace: number): void {
    const entry = this.#entries.get(id)
    if (entry?.held) entry.held = { ...entry.held, pace }
    entry?.work.setPace(pace)
  }

  /** Gives up slots. Resolves when their links are closed. */
  async closeSlots(id: string, slots: readonly number[]): Promise<void> {
    const entry = this.#entries.get(id)
    if (!entry) return
    const { held } = entry
    if (held) entry.held = { ...held, slots: held.slots.filter((slot) => !slots.includes(slot)) }
    await closeBinds(entry, slots, 'this process no longer holds the slot')
  }

  /** The slots of a connector whose bind is up. */
  boundSlots(id: string): number[] {
    const binds = this.#entries.get(id)?.binds ?? []
    return [...binds].flatMap(([slot, bind]) => (bind.bound ? [slot] : []))
  }

  /** Called when `caresFor` may have changed for the connector. */
  wake(id: string): void {
    this.#entries.get(id)?.work.wake()
  }

  /** Stops receiving and sending messages. */
  stop(): void {
    for (const { work } of this.#entries.values()) work.stop()
  }

  /** Releases unfinished envelopes. Called when binds are closed and all outcomes are written. */
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

  /**
   * Closes the binds of these slots. Then opens new binds, with the new settings, for the slots
   * that this process still holds.
   */
  #closeThenBind(id: string, entry: Entry, gone: readonly number[]): void {
    const isDisabled = this.#connectors.get(id)?.enabled === false
    const reason = isDisabled ? 'the connector was disabled' : 'the lease of the slot was lost'
    closeBinds(entry, gone, reason)
      .then(() => {
        if (entry.held) this.setLease(id, entry.held)
      })
      .catch((error: Error) => this.#options.onTrouble(`closing binds of ${id}`, error))
  }

  /**
   * Applies changed settings. The binds of a disabled connector close immediately, although their
   * leases end later.
   */
  #follow(id: string, entry: Entry): void {
    const connector = this.#connectors.get(id)
    if (!connector) return this.#leave(id, entry)
    if (!connector.enabled) {
      const slots = [...entry.binds.keys()]
      return slots.length > 0 ? this.#closeThenBind(id, entry, slots) : entry.work.wake()
    }
    for (const bind of entry.binds.values()) bind.adjust(connector)
    // The connector may have been paused or resumed.
    entry.work.wake()
    if (entry.isRemaking) return
    entry.isRemaking = true
    this.#remakeOutdated(id, entry)
      .catch((error: Error) => this.#options.onTrouble(`replacing binds of ${id}`, error))
      .finally(() => (entry.isRemaking = false))
  }

  /** Ends the work for a deleted connector: its binds close and its queues are no longer polled. */
  #leave(id: string, entry: Entry): void {
    if (entry.isLeaving) return
    entry.isLeaving = true
    entry.held = undefined
    const slots = [...entry.binds.keys(), ...entry.closing.keys()]
    closeBinds(entry, slots, 'the connector was deleted')
      .then(() => this.#end(id, entry))
      .catch((error: Error) => this.#options.onTrouble(`ending work for ${id}`, error))
  }

  async #end(id: string, entry: Entry): Promise<void> {
    entry.isLeaving = false
    // The connector may have been created again in the meantime.
    if (this.#connectors.has(id)) return
    const { work } = entry
    this.#entries.delete(id)
    work.stop()
    const ended = work.close().finally(() => this.#ending.delete(work))
    this.#ending.set(work, ended)
    await ended
  }

  /**
   * Replaces outdated binds one at a time, so that other links stay up. Binds that are down are
   * replaced first.
   */
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
   * Whether this process looks after the messages of a paused or disabled connector. No process
   * submits for such a connector, so the holder of its first slot makes sure that its messages
   * expire on time.
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
  // Binds that were already closing are included, because a slot is free only when its link is
  // closed.
  await Promise.all(slots.flatMap((slot) => entry.closing.get(slot) ?? []))
}
