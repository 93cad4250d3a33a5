// The only code that writes message states. A batch of journal events or receipts becomes one
// transaction, which writes message rows, upstream ids (the ids that SMSCs assigned) and state
// changes. If the customer requested a receipt for a state change, the transaction also adds a
// delivery to the outbox. A batch may be applied repeatedly: a message changes its state only if
// the new state has a higher rank than the current state, and only a changed state produces a
// receipt.

import { setTimeout as delay } from 'node:timers/promises'
import { decodeReceipts, encodeReceipts, type UpstreamReceipt } from '../../message/receiptWire.ts'
import { isFinal, wantsReceipt } from '../../message/messageProgress.ts'
import { backOffMs } from '../../flow/backOff.ts'
import { Histogram } from '../../flow/histogram.ts'
import { type Database, QueryRefused, StoreUnavailable } from '../../database/database.ts'
import { applyTransitions, recordFacts, recordMoves } from '../../message/messageTable.ts'
import { recordAttempts } from '../../message/messageAttemptTable.ts'
import { addToOutbox } from '../../outbox/outboxTable.ts'
import {
  findByUpstreamId,
  type ReceiptKey,
  type ReceiptMatch,
  recordUpstreamIds,
} from '../../message/upstreamIdTable.ts'
import {
  markAmbiguous,
  type ParkedReceipt,
  parkedReceiptsDue,
  parkedReceiptsFor,
  parkReceipts,
  type ReceiptToPark,
  removeParked,
} from '../../message/parkedReceiptTable.ts'
import { upstreamIdKey } from '../../message/upstreamIdKey.ts'
import {
  byMessage,
  factsOf,
  highestPerMessage,
  lastMoves,
  type StateChanges,
  type Transition,
  type Transitioned,
  transitionOf,
} from '../../message/stateChanges.ts'
import { STAGE_SECONDS } from '../../runtime/metricDefinition.ts'
import { NewerVersion, WireError } from '../../message/msgpackWire.ts'
import { ensurePartitionsFor, NO_PARTITION } from '../../database/partitionTable.ts'
import { customerReceipt } from '../../outbox/customerReceipt.ts'
import type { ReceiptErrors } from '../../outbox/receiptError.ts'

type Run = Database['run']

export interface StateWriterOptions {
  database: Database
  receiptTtlHours: number
  /** Returns the error codes that an account wants in its receipts. */
  receiptErrors?: (account: string) => ReceiptErrors | undefined
  /** Called after deliveries may have been added to the outbox. */
  onOutbox: () => void
}

/** The SQLSTATEs of a deadlock and a serialisation failure. */
const TRY_AGAIN = new Set(['40P01', '40001'])
const MAX_TRIES = 5
const HOUR_MS = 3_600_000

export class StateWriter {
  #options: StateWriterOptions
  /** Plain numbers, which metrics read when they are scraped. */
  readonly counters = { transitions: 0, parked: 0, ambiguous: 0, matched: 0, harmful: 0 }
  /** The time from submitting a message to its final receipt, by connector. */
  readonly submitToReceiptSeconds = new Map<string, Histogram>()

  constructor(options: StateWriterOptions) {
    this.#options = options
  }

  /** Writes the changes of journal events, and applies the parked receipts that now match. */
  async apply(changes: StateChanges): Promise<void> {
    const times = [
      ...changes.facts.map((fact) => fact.acceptedAtMs),
      ...changes.submittedFacts.map((fact) => fact.acceptedAtMs),
      ...changes.upstreamIds.map((id) => id.submittedAtMs),
    ]
    await this.#transaction(times, async (run) => {
      const missing = await recordUpstreamIds(run, changes.upstreamIds)
      // A message has an event from the router (accepted) and an event from a worker (submitted).
      // If the worker's event is applied first, it creates the row of the message. All rows are
      // locked in one statement, in the order of their ids.
      const overtaking = changes.submittedFacts.filter(({ messageId }) => missing.has(messageId))
      await recordFacts(run, byMessage([...changes.facts, ...overtaking]))
      await recordMoves(run, lastMoves(changes.moves))
      await recordAttempts(run, changes.attempts)
      const parked = await parkedReceiptsFor(run, changes.upstreamIds)
      return this.#applyParked(run, parked, changes.transitions)
    })
  }

  /** Applies receipts from SMSCs. Receipts that match no message yet are parked. */
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
      // The rows of these messages may not exist yet.
      const facts = overtaking.map(({ message, receipt }) => factsOf(message, receipt.connector))
      await recordFacts(run, byMessage(facts))
      const again = transitions.filter(({ messageId }) => unchanged.has(messageId))
      return [...changed, ...(await this.#transit(run, again))]
    })
  }

  /**
   * Tries again to match up to `max` parked receipts that are due, and resolves with their number.
   * Before it matches these receipts, it schedules their next sweep, so that a receipt that causes
   * an error cannot block other receipts.
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

  async #sweepRows(parked: readonly ParkedReceipt[]): Promise<void> {
    await this.#transaction([], (run) => this.#applyParked(run, parked, []))
  }

  /**
   * Matches parked receipts to messages, and removes the receipts that matched. All transactions
   * write messages before parked receipts, so that they cannot deadlock.
   */
  async #applyParked(
    run: Run,
    parked: readonly ParkedReceipt[],
    transitions: readonly Transition[],
  ): Promise<Transitioned[]> {
    const receipts = parked.flatMap((row) => this.#readParked(row))
    const matches = await findByUpstreamId(
      run,
      receipts.map(({ receipt }) => keyOf(receipt)),
      this.#options.receiptTtlHours * HOUR_MS,
    )
    const found: { id: string; transition: Transition }[] = []
    const ambiguous: string[] = []
    for (const [index, { id, receipt }] of receipts.entries()) {
      const match = matches.get(index)
      if (match?.kind === 'ambiguous') ambiguous.push(id)
      if (match?.kind === 'found') {
        found.push({ id, transition: transitionOf(match.messageId, receipt) })
        this.#observe(receipt, match.submittedAtMs)
      }
    }
    const matched = found.map(({ transition }) => transition)
    const changed = await this.#transit(run, [...transitions, ...matched])
    await markAmbiguous(run, ambiguous)
    await removeParked(
      run,
      found.map(({ id }) => id),
    )
    this.counters.matched += found.length
    return changed
  }

  /**
   * Decodes a parked receipt. An unreadable receipt is counted and kept until it expires. A receipt
   * that a newer release wrote is kept for a process of that release.
   */
  #readParked({ id, receipt: octets }: ParkedReceipt) {
    try {
      return decodeReceipts(octets).map((receipt) => ({ id, receipt }))
    } catch (error) {
      if (error instanceof WireError) this.counters.harmful++
      else if (!(error instanceof NewerVersion)) throw error
      return []
    }
  }

  async #match(run: Run, receipts: readonly UpstreamReceipt[]): Promise<Transition[]> {
    const matches = await findByUpstreamId(
      run,
      receipts.map(keyOf),
      this.#options.receiptTtlHours * HOUR_MS,
    )
    const toPark: ReceiptToPark[] = []
    const transitions: Transition[] = []
    for (const [index, receipt] of receipts.entries()) {
      const match = matches.get(index)
      if (match?.kind === 'found') {
        transitions.push(transitionOf(match.messageId, receipt))
        this.#observe(receipt, match.submittedAtMs)
      } else toPark.push(parking(receipt, match))
    }
    await parkReceipts(run, toPark)
    this.counters.parked += toPark.length
    this.counters.ambiguous += toPark.filter(({ reason }) => reason === 'ambiguous').length
    this.counters.matched += transitions.length
    return transitions
  }

  #observe({ connector, messageState, receivedAtMs }: UpstreamReceipt, sinceMs: number): void {
    if (!isFinal(messageState)) return
    let seconds = this.submitToReceiptSeconds.get(connector)
    if (!seconds)
      this.submitToReceiptSeconds.set(connector, (seconds = new Histogram(STAGE_SECONDS)))
    seconds.observe((receivedAtMs - sinceMs) / 1_000)
  }

  async #transit(run: Run, transitions: readonly Transition[]): Promise<Transitioned[]> {
    const changed = await applyTransitions(run, highestPerMessage(transitions))
    const expiresAtMs = Date.now() + this.#options.receiptTtlHours * HOUR_MS
    const entries = changed
      .filter((message) => wantsReceipt(message.registered_delivery, message.state))
      .map((message) => ({
        account: message.account,
        user: message.user_id,
        messageId: message.message_id,
        deliverSm: customerReceipt(message, this.#options.receiptErrors?.(message.account)),
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

function keyOf(receipt: UpstreamReceipt): ReceiptKey {
  const { connector, destination, receivedAtMs } = receipt
  return { connector, key: upstreamIdKey(receipt), destination, receivedAtMs }
}

type Ambiguous = Extract<ReceiptMatch, { kind: 'ambiguous' }>

function parking(receipt: UpstreamReceipt, match: Ambiguous | undefined): ReceiptToPark {
  const key = keyOf(receipt)
  const reason = key.key === '' ? 'without id' : (match?.kind ?? 'unmatched')
  return { ...key, receipt: encodeReceipts([receipt]), reason }
}
