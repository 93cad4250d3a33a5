// Brings receipts to customers: claims outbox rows for users that have a receiver bound here with
// room in its window (for whole accounts whose setting says so), sends deliver_sm, and settles each
// row by the answer. Nothing is claimed for a slow customer, who has no room, so no other customer
// waits for a slow one.

import { asError } from '../../flow/asError.ts'
import { Batcher } from '../../flow/batcher.ts'
import { backOffMs } from '../../flow/backOff.ts'
import { type ClaimSource, ClaimLoop } from '../../flow/claimLoop.ts'
import { untilDone } from '../../flow/untilDone.ts'
import { classify, decodeBody, encodeBody, ESME_ROK, ESME_RSYSERR } from '../../smpp/index.ts'
import type { RequestOutcome, Session } from '../../smpp/index.ts'
import type { OutboxDemand, OutboxOutcome, OutboxRow } from '../../outbox/outboxTable.ts'
import type { BindRegistry, CustomerBind } from './bindRegistry.ts'

export interface OutboxPort {
  /** Frees the rows that were claimed under this name and are not in hand. */
  reclaim(inHand: readonly string[]): Promise<void>
  claim(demands: readonly OutboxDemand[], leaseMs: number): Promise<OutboxRow[]>
  settle(outcomes: readonly OutboxOutcome[]): Promise<void>
}

export interface OutboxDeliveryOptions {
  outbox: OutboxPort
  binds: BindRegistry
  /** Whether anybody of the account takes the receipts of all its users. */
  sharesReceipts: (account: string) => boolean
  /** Longer than the response timer, so that no row goes out twice while its answer may come. */
  leaseMs: number
  onTrouble: (what: string, error: Error) => void
}

const POLL_INTERVAL_MS = 1_000
/** Limits the rows claimed at once for one user, so that a claim serves several. */
const MAX_CLAIM_OF_USER = 500
const RETRY_FIRST_MS = 1_000
const RETRY_CAP_MS = 300_000
/** A peer with a lower interface_version knows no TLVs (SMPP 3.4 §4.1.1). */
const FIRST_VERSION_WITH_TLVS = 0x34

export class OutboxDelivery {
  #options: OutboxDeliveryOptions
  #loop: ClaimLoop<readonly OutboxDemand[], OutboxRow>
  #settler: Batcher<OutboxOutcome>
  #turn = 0
  /** Added up in plain numbers; metrics read them when scraped. */
  readonly counters = { acknowledged: 0, refused: 0, retried: 0 }

  constructor(options: OutboxDeliveryOptions) {
    this.#options = options
    this.#loop = new ClaimLoop(this.#source(), {
      pollIntervalMs: POLL_INTERVAL_MS,
      pauseAfterFailureMs: () => POLL_INTERVAL_MS,
    })
    this.#settler = new Batcher({
      send: (outcomes) => this.#settle(outcomes),
      onError: (error) => options.onTrouble('settling deliveries failed; retrying', error),
      maxItems: 1000,
    })
  }

  /** There may be something to deliver, or somebody to deliver to. */
  wake(): void {
    this.#loop.expectMore()
  }

  /** Claims nothing more. Resolves when all answers received so far are settled. */
  async stop(): Promise<void> {
    this.#loop.stop()
    await this.#settler.whenIdle()
  }

  #source(): ClaimSource<readonly OutboxDemand[], OutboxRow> {
    const { leaseMs, onTrouble, outbox } = this.#options
    return {
      room: () => this.#room(),
      claim: (demands) => outbox.claim(demands, leaseMs),
      mayHaveLeft: (_, rows) => rows.length > 0,
      reclaim: (inHand) => outbox.reclaim(inHand.map(({ id }) => id)),
      take: (rows) => {
        for (const row of rows) this.#deliverAlone(row)
      },
      onTrouble: (error) => onTrouble('claiming deliveries failed; retrying', error),
    }
  }

  /** Starts one user later each time, so that no user is always last in line. */
  #room(): readonly OutboxDemand[] | undefined {
    const { binds, sharesReceipts } = this.#options
    const demands: OutboxDemand[] = []
    for (const [account, receivers] of binds.receivers) {
      const free = new Map<string | undefined, number>()
      const isShared = sharesReceipts(account)
      for (const { session, user } of receivers) {
        const key = isShared ? undefined : user.id
        free.set(key, (free.get(key) ?? 0) + session.windowFree)
      }
      for (const [user, room] of free)
        if (room > 0) demands.push({ account, user, room: Math.min(room, MAX_CLAIM_OF_USER) })
    }
    if (demands.length === 0) return undefined
    const first = this.#turn++ % demands.length
    return [...demands.slice(first), ...demands.slice(0, first)]
  }

  /** A row that throws is refused, and holds up no other: the next attempt would do the same. */
  #deliverAlone(row: OutboxRow): void {
    try {
      this.#deliver(row)
    } catch (error) {
      this.#options.onTrouble(`delivering outbox row ${row.id} failed`, asError(error))
      this.counters.refused++
      this.#settler.add({ kind: 'refused', id: row.id, commandStatus: ESME_RSYSERR })
    }
  }

  #deliver(row: OutboxRow): void {
    const { binds, sharesReceipts } = this.#options
    const receivers = binds.receivers.get(row.account) ?? []
    const bind = mostRoom(receivers, sharesReceipts(row.account) ? undefined : row.user_id)
    const sent = bind?.session.requestBody(
      'deliver_sm',
      bodyFor(bind.session, row.deliver_sm),
      (outcome) => this.#answered(row, bind, outcome),
    )
    // The receiver left, or its window filled up, since the claim.
    if (sent === undefined) this.#settler.add({ kind: 'retry', id: row.id, delayMs: 0 })
  }

  #answered(row: OutboxRow, bind: CustomerBind, outcome: RequestOutcome): void {
    const { id } = row
    if (outcome.kind === 'closed') this.#settler.add({ kind: 'retry', id, delayMs: 0 })
    else if (outcome.kind === 'timeout')
      this.#settler.add({ kind: 'retry', id, delayMs: this.#retryMs(row) })
    else this.#byStatus(row, bind, outcome.pdu.command_status)
    this.#loop.wake()
  }

  #byStatus(row: OutboxRow, { user }: CustomerBind, commandStatus: number): void {
    const { id } = row
    if (commandStatus === ESME_ROK) {
      this.counters.acknowledged++
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
      onTrouble: (error) => this.#options.onTrouble('settling deliveries failed; retrying', error),
    })
    this.#loop.letGo(outcomes)
    if (outcomes.some((outcome) => outcome.kind === 'retry')) this.wake()
  }
}

/** @param of the user whose receivers count; undefined for all */
function mostRoom(
  receivers: readonly CustomerBind[],
  of: string | null | undefined,
): CustomerBind | undefined {
  let best: CustomerBind | undefined
  for (const bind of receivers) {
    if (of !== undefined && bind.user.id !== of) continue
    if (bind.session.windowFree > (best?.session.windowFree ?? 0)) best = bind
  }
  return best
}

function bodyFor(session: Session, body: Buffer): Buffer {
  if (session.interfaceVersion >= FIRST_VERSION_WITH_TLVS) return body
  return encodeBody('deliver_sm', { ...decodeBody('deliver_sm', body), tlvs: [] })
}
