// The connectors that this process works for: one ConnectorWork each, with a bind per leased slot.
// A connector whose settings changed gets new binds, and its work in hand goes on.

import type { Connector } from '../../platform/connector.ts'
import type { Queue } from '../../queue/queue.ts'
import type { ConnectorLease } from './bindLeases.ts'
import { connectorPassword } from './connectorPassword.ts'
import { ConnectorWork, type ConnectorWorkOptions } from './connectorWork.ts'
import type { EnvelopeOwnership } from './envelopeOwnership.ts'
import { type ReceiptIntake, receiptSource } from './receiptIntake.ts'
import { UpstreamBind } from './upstreamBind.ts'

export interface ConnectorPoolOptions extends Pick<
  ConnectorWorkOptions,
  'queueLeaseMs' | 'writer' | 'recent' | 'clock' | 'finishEnvelopes' | 'onTrouble'
> {
  queue: Queue
  ownership: ConnectorWorkOptions['ownership'] & Pick<EnvelopeOwnership, 'listen'>
  secretsDir: string
  intake: ReceiptIntake
  /** Whether this process looks after the messages of a connector that nobody has bound. */
  caresFor: (connector: string) => boolean
}

interface Entry {
  work: ConnectorWork
  binds: Map<number, UpstreamBind>
  /** Slots whose former bind is still unbinding. A second bind there would be one too many. */
  closing: Map<number, Promise<void>>
  /** The result of the last round of leasing. */
  held: ConnectorLease | undefined
  /** The settings that its binds were made with. */
  madeWith: string
}

export class ConnectorPool {
  #options: ConnectorPoolOptions
  #connectors: ReadonlyMap<string, Connector> = new Map()
  #entries = new Map<string, Entry>()

  constructor(options: ConnectorPoolOptions) {
    this.#options = options
    options.ownership.listen({
      onHeld: () => {
        for (const { work } of this.#entries.values()) work.wake()
      },
      onDisowned: () => {
        for (const { work } of this.#entries.values()) work.abandon()
      },
    })
  }

  setConnectors(connectors: ReadonlyMap<string, Connector>): void {
    this.#connectors = connectors
  }

  /**
   * Takes the slots that are held now; all others were lost or given up. It is called in each round
   * of leasing, so a bind that cannot be opened yet is opened in a later one.
   */
  setLease(id: string, lease: ConnectorLease): void {
    const { slots, heldUntilMs } = lease
    const connector = this.#connectors.get(id)
    if (!connector) return
    const settings = JSON.stringify(connector)
    const entry = this.#entryFor(connector, settings)
    const keep = entry.madeWith === settings ? slots : []
    const gone = [...entry.binds.keys()].filter((slot) => !keep.includes(slot))
    entry.held = lease
    entry.work.setPace(lease.pace)
    if (gone.length > 0) this.#closeThenBind(id, entry, gone)
    entry.madeWith = settings
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
    await closeBinds(entry, slots)
  }

  isBound(id: string): boolean {
    return this.#entries.get(id)?.work.hasLink() === true
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
    await Promise.all([...this.#entries.values()].map(({ work }) => work.close()))
  }

  *boundByConnector(): Iterable<[string, number]> {
    for (const [id, { binds }] of this.#entries)
      yield [id, [...binds.values()].filter((bind) => bind.bound).length]
  }

  *paceByConnector(): Iterable<[string, number]> {
    for (const [id, { work }] of this.#entries) yield [id, work.pace]
  }

  *countersByConnector(): Iterable<[string, Pick<ConnectorWork, 'counters' | 'resubmitted'>]> {
    for (const [id, { work }] of this.#entries) yield [id, work]
  }

  /** Binds the slots that are still held once the former binds are closed, with new settings. */
  #closeThenBind(id: string, entry: Entry, gone: readonly number[]): void {
    closeBinds(entry, gone)
      .then(() => {
        if (entry.held) this.setLease(id, entry.held)
      })
      .catch((error: Error) => this.#options.onTrouble(`closing binds of ${id}`, error))
  }

  #entryFor(connector: Connector, madeWith: string): Entry {
    const { id } = connector
    let entry = this.#entries.get(id)
    if (!entry) {
      const work = new ConnectorWork({
        ...this.#options,
        caresFor: () => this.#options.caresFor(id),
        connector: () => this.#connectors.get(id) ?? connector,
      })
      entry = { work, binds: new Map(), closing: new Map(), held: undefined, madeWith }
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
    const { intake, onTrouble, secretsDir } = this.#options
    const source = receiptSource(connector, slot)
    return new UpstreamBind({
      connector,
      slot,
      heldUntilMs,
      password: () => connectorPassword(connector, secretsDir),
      onDeliver: (session, pdu) => intake.take(source, session, pdu),
      onChange: () => work.wake(),
      onTrouble: (bind, what, error) => onTrouble(`${bind}: ${what}`, error),
    })
  }
}

async function closeBinds(entry: Entry, slots: readonly number[]): Promise<void> {
  for (const slot of slots) {
    const bind = entry.binds.get(slot)
    if (!bind) continue
    entry.binds.delete(slot)
    entry.closing.set(
      slot,
      bind.close().finally(() => entry.closing.delete(slot)),
    )
  }
  entry.work.setBinds([...entry.binds.values()])
  // This includes binds that were closing already: a slot is free only when its link is closed.
  await Promise.all(slots.flatMap((slot) => entry.closing.get(slot) ?? []))
}
