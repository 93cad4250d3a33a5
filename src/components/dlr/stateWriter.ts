// The one place where message state is written. A batch of facts and receipts becomes one
// transaction: rows, upstream ids, state changes, and for each change the customer asked to hear of
// an outbox row. Everything may be repeated; what ranks no higher than the present state changes
// nothing and tells nobody.

import { setTimeout as delay } from 'node:timers/promises'
import { decodeReceipts, encodeReceipts, type UpstreamReceipt } from '../../message/receiptWire.ts'
import { wantsReceipt } from '../../message/messageProgress.ts'
import { backOffMs } from '../../flow/backOff.ts'
import { type Database, QueryRefused, StoreUnavailable } from '../../database/database.ts'
import { applyTransitions, recordFacts } from '../../message/messageTable.ts'
import { addToOutbox } from '../../outbox/outboxTable.ts'
import { findByUpstreamId, recordUpstreamIds } from '../../message/upstreamIdTable.ts'
import {
  parkedReceiptsDue,
  parkReceipts,
  removeParked,
  takeParkedFor,
} from '../../message/parkedReceiptTable.ts'
import {
  byMessage,
  factsOf,
  highestPerMessage,
  type StateChanges,
  type Transition,
  type Transitioned,
  transitionOf,
} from '../../message/stateChanges.ts'
import { ensurePartitionsFor, NO_PARTITION } from '../../database/partitionTable.ts'
import { customerReceipt } from '../../outbox/customerReceipt.ts'

type Run = Database['run']

export interface StateWriterOptions {
  database: Database
  receiptTtlHours: number
  /** Rows were added to the outbox. */
  onOutbox: () => void
}

/** PostgreSQL: deadlock; serialisation failure. */
const TRY_AGAIN = new Set(['40P01', '40001'])
const MAX_TRIES = 5
const HOUR_MS = 3_600_000

export class StateWriter {
  #options: StateWriterOptions
  /** Added up in plain numbers; metrics read them when scraped. */
  readonly counters = { transitions: 0, parked: 0, matched: 0, harmful: 0 }

  constructor(options: StateWriterOptions) {
    this.#options = options
  }

  /** What the journal told, with the receipts that had been waiting for it. */
  async apply(changes: StateChanges): Promise<void> {
    const times = [
      ...changes.facts.map((fact) => fact.acceptedAtMs),
      ...changes.upstreamIds.map((id) => id.submittedAtMs),
    ]
    await this.#transaction(times, async (run) => {
      await recordFacts(run, byMessage(changes.facts))
      await recordUpstreamIds(run, changes.upstreamIds)
      const taken = await takeParkedFor(run, changes.upstreamIds)
      const receipts = taken.flatMap((receipt) => decodeReceipts(receipt))
      const matched = await this.#match(run, receipts)
      return this.#transit(run, [...changes.transitions, ...matched])
    })
  }

  /** Receipts from SMSCs: matched, or parked until their message shows up. */
  async applyReceipts(receipts: readonly UpstreamReceipt[]): Promise<void> {
    const known = receipts.flatMap(({ message, ...receipt }) =>
      message ? [{ message, receipt }] : [],
    )
    const times = known.map(({ message }) => message.acceptedAtMs)
    await this.#transaction(times, async (run) => {
      const transitions = known.map(({ message, receipt }) =>
        transitionOf(message.messageId, receipt),
      )
      const matched = await this.#match(
        run,
        receipts.filter(({ message }) => !message),
      )
      const changed = await this.#transit(run, [...transitions, ...matched])
      const unchanged = new Set(known.map(({ message }) => message.messageId))
      for (const { message_id } of changed) unchanged.delete(message_id)
      const overtaking = known.filter(({ message }) => unchanged.has(message.messageId))
      if (overtaking.length === 0) return changed
      // Their rows may not be there yet.
      const facts = overtaking.map(({ message, receipt }) => factsOf(message, receipt.connector))
      await recordFacts(run, byMessage(facts))
      const again = transitions.filter(({ messageId }) => unchanged.has(messageId))
      return [...changed, ...(await this.#transit(run, again))]
    })
  }

  /**
   * Looks again for parked receipts whose time has come; returns how many were due. Their next time
   * is set first, so that one that does harm cannot keep the others from being looked at.
   */
  async sweep(max: number): Promise<number> {
    const { database } = this.#options
    const due = await parkedReceiptsDue((statement, values) => database.run(statement, values), max)
    try {
      await this.#sweepRows(due)
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error
      for (const row of due) await this.#sweepRows([row]).catch(() => this.counters.harmful++)
    }
    return due.length
  }

  async #sweepRows(parked: readonly { id: string; receipt: Buffer }[]): Promise<void> {
    const receipts = parked.flatMap(({ id, receipt }) =>
      decodeReceipts(receipt).map((one) => ({ id, one })),
    )
    await this.#transaction([], async (run) => {
      const found = await findByUpstreamId(
        run,
        receipts.map(({ one }) => one),
      )
      const matched = [...found].flatMap(([index, messageId]) => {
        const receipt = receipts[index]
        return receipt ? [{ id: receipt.id, transition: transitionOf(messageId, receipt.one) }] : []
      })
      await removeParked(
        run,
        matched.map(({ id }) => id),
      )
      this.counters.matched += matched.length
      return this.#transit(
        run,
        matched.map(({ transition }) => transition),
      )
    })
  }

  async #match(run: Run, receipts: readonly UpstreamReceipt[]): Promise<Transition[]> {
    const found = await findByUpstreamId(run, receipts)
    const unmatched = receipts.filter((_, index) => !found.has(index))
    await parkReceipts(
      run,
      unmatched.map((receipt) => ({ ...receipt, receipt: encodeReceipts([receipt]) })),
    )
    this.counters.parked += unmatched.length
    this.counters.matched += found.size
    return [...found].flatMap(([index, messageId]) => {
      const receipt = receipts[index]
      return receipt ? [transitionOf(messageId, receipt)] : []
    })
  }

  async #transit(run: Run, transitions: readonly Transition[]): Promise<Transitioned[]> {
    const changed = await applyTransitions(run, highestPerMessage(transitions))
    const expiresAtMs = Date.now() + this.#options.receiptTtlHours * HOUR_MS
    const entries = changed
      .filter((message) => wantsReceipt(message.registered_delivery, message.state))
      .map((message) => ({
        account: message.account,
        messageId: message.message_id,
        deliverSm: customerReceipt(message),
        expiresAtMs,
      }))
    await addToOutbox(run, entries)
    return changed
  }

  async #transaction(
    timesMs: readonly number[],
    work: (run: Run) => Promise<Transitioned[]>,
  ): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        const changed = await this.#options.database.transaction(work)
        this.counters.transitions += changed.length
        if (changed.length > 0) this.#options.onOutbox()
        return
      } catch (error) {
        if (!(error instanceof QueryRefused) || tries >= MAX_TRIES) throw error
        if (error.sqlState === NO_PARTITION && timesMs.length > 0)
          await ensurePartitionsFor(this.#options.database, timesMs)
        else if (TRY_AGAIN.has(error.sqlState)) await delay(backOffMs(tries, 5, 200))
        else throw error
      }
    }
  }
}
