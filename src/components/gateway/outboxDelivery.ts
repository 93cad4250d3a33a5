// Brings receipts to customers: claims outbox rows for accounts that have a receiver bound here
// with room in its window, sends deliver_sm, and settles each row by the answer. A slow customer
// has no room and so claims nothing; nobody waits for it.

import { Batcher } from '../../flow/batcher.ts'
import { backOffMs } from '../../flow/backOff.ts'
import { untilDone } from '../../flow/untilDone.ts'
import { classify, decodeBody, encodeBody, ESME_ROK } from '../../smpp/index.ts'
import type { RequestOutcome, Session } from '../../smpp/index.ts'
import type { OutboxOutcome, OutboxRow } from '../../outbox/outboxTable.ts'
import type { BindRegistry, CustomerBind } from './bindRegistry.ts'

export interface OutboxPort {
  /** Frees what was claimed under this name and is not in hand. */
  reclaim(inHand: readonly string[]): Promise<void>
  claim(wanted: ReadonlyMap<string, number>, leaseMs: number): Promise<OutboxRow[]>
  settle(outcomes: readonly OutboxOutcome[]): Promise<void>
}

export interface OutboxDeliveryOptions {
  outbox: OutboxPort
  binds: BindRegistry
  /** Longer than the response timer, so that no row goes out twice while its answer may come. */
  leaseMs: number
  onTrouble: (what: string, error: Error) => void
}

const POLL_INTERVAL_MS = 1_000
/** Rows claimed at once for one account, so that a claim serves several. */
const MAX_CLAIM_OF_ACCOUNT = 500
const RETRY_FIRST_MS = 1_000
const RETRY_CAP_MS = 300_000
/** Below this a peer knows no TLVs (SMPP 3.4 §4.1.1). */
const FIRST_VERSION_WITH_TLVS = 0x34

export class OutboxDelivery {
  #options: OutboxDeliveryOptions
  #settler: Batcher<OutboxOutcome>
  #inHand = new Set<string>()
  #turn = 0
  #claiming = false
  #mustReclaim = true
  /** False when nothing was left at the last claim and nothing has stirred since. */
  #mayHaveMore = true
  #poll: NodeJS.Timeout | undefined
  #stopped = false
  #troubled = false
  /** Added up in plain numbers; metrics read them when scraped. */
  readonly counters = { delivered: 0, refused: 0, retried: 0 }

  constructor(options: OutboxDeliveryOptions) {
    this.#options = options
    this.#settler = new Batcher({
      send: (outcomes) => this.#settle(outcomes),
      onError: (error) => options.onTrouble('settling deliveries', error),
      maxItems: 1000,
    })
  }

  /** There may be something to deliver, or somebody to deliver to. */
  stir(): void {
    this.#mayHaveMore = true
    this.#claim()
  }

  /** Claims nothing more; resolves when all answers that came are settled. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#poll)
    await this.#settler.whenIdle()
  }

  #claim(): void {
    if (this.#stopped || this.#claiming || !this.#mayHaveMore) return
    clearTimeout(this.#poll)
    const wanted = this.#room()
    if (wanted.size === 0) return this.#pollLater()
    this.#claiming = true
    this.#mayHaveMore = false
    this.#claimRows(wanted).then(
      (rows) => this.#claimed(rows),
      (error: Error) => this.#failed(error),
    )
  }

  async #claimRows(wanted: ReadonlyMap<string, number>): Promise<OutboxRow[]> {
    const { leaseMs, outbox } = this.#options
    if (this.#mustReclaim) await outbox.reclaim([...this.#inHand])
    this.#mustReclaim = false
    return outbox.claim(wanted, leaseMs)
  }

  /** Starts one account later each time, so that none is always last in line. */
  #room(): Map<string, number> {
    const wanted: [string, number][] = []
    for (const [account, receivers] of this.#options.binds.receivers) {
      const free = receivers.reduce((sum, { session }) => sum + session.windowFree, 0)
      if (free > 0) wanted.push([account, Math.min(free, MAX_CLAIM_OF_ACCOUNT)])
    }
    const first = this.#turn++ % Math.max(1, wanted.length)
    return new Map([...wanted.slice(first), ...wanted.slice(0, first)])
  }

  #claimed(rows: OutboxRow[]): void {
    this.#claiming = false
    this.#troubled = false
    for (const row of rows) {
      // Its lease ran out while the store was away; its answer is being settled, and if that says
      // `retry` the row is claimed and nobody works on it.
      if (this.#inHand.has(row.id)) {
        this.#mustReclaim = true
        continue
      }
      this.#inHand.add(row.id)
      this.#deliver(row)
    }
    if (rows.length > 0) this.#mayHaveMore = true
    this.#pollLater()
    this.#claim()
  }

  #failed(error: Error): void {
    this.#claiming = false
    // Perhaps rows were claimed, and only the answer was lost.
    this.#mustReclaim = true
    // Said once per outage.
    if (!this.#troubled) this.#options.onTrouble('claiming deliveries', error)
    this.#troubled = true
    this.#pollLater()
  }

  #pollLater(): void {
    if (this.#stopped) return
    clearTimeout(this.#poll)
    this.#poll = setTimeout(() => {
      this.#pollLater()
      this.stir()
    }, POLL_INTERVAL_MS)
  }

  #deliver(row: OutboxRow): void {
    const receivers = this.#options.binds.receivers.get(row.account) ?? []
    const bind = mostRoom(receivers)
    const sent = bind?.session.requestBody(
      'deliver_sm',
      bodyFor(bind.session, row.deliver_sm),
      (outcome) => this.#answered(row, bind, outcome),
    )
    // The receiver left, or its window filled, between the claim and now.
    if (sent === undefined) this.#settler.add({ kind: 'retry', id: row.id, delayMs: 0 })
  }

  #answered(row: OutboxRow, bind: CustomerBind, outcome: RequestOutcome): void {
    const { id } = row
    if (outcome.kind === 'closed') this.#settler.add({ kind: 'retry', id, delayMs: 0 })
    else if (outcome.kind === 'timeout')
      this.#settler.add({ kind: 'retry', id, delayMs: this.#retryMs(row) })
    else this.#byStatus(row, bind, outcome.pdu.command_status)
    this.#claim()
  }

  #byStatus(row: OutboxRow, { user }: CustomerBind, commandStatus: number): void {
    const { id } = row
    if (commandStatus === ESME_ROK) {
      this.counters.delivered++
      this.#settler.add({ kind: 'acknowledged', id, user: user.id })
    } else if (classify(commandStatus) === 'permanent') {
      this.counters.refused++
      this.#settler.add({ kind: 'refused', id, commandStatus })
    } else this.#settler.add({ kind: 'retry', id, delayMs: this.#retryMs(row) })
  }

  #retryMs(row: OutboxRow): number {
    this.counters.retried++
    return backOffMs(row.attempts, RETRY_FIRST_MS, RETRY_CAP_MS)
  }

  /** Never gives up: a row that is not settled goes out twice. */
  async #settle(outcomes: OutboxOutcome[]): Promise<void> {
    await untilDone(() => this.#options.outbox.settle(outcomes), {
      onTrouble: (error) => this.#options.onTrouble('settling deliveries', error),
    })
    for (const { id } of outcomes) this.#inHand.delete(id)
    if (outcomes.some((outcome) => outcome.kind === 'retry')) this.stir()
  }
}

function mostRoom(receivers: readonly CustomerBind[]): CustomerBind | undefined {
  let best: CustomerBind | undefined
  for (const bind of receivers)
    if (bind.session.windowFree > (best?.session.windowFree ?? 0)) best = bind
  return best
}

function bodyFor(session: Session, body: Buffer): Buffer {
  if (session.interfaceVersion >= FIRST_VERSION_WITH_TLVS) return body
  return encodeBody('deliver_sm', { ...decodeBody('deliver_sm', body), tlvs: [] })
}
