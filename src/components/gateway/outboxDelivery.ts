// Delivers receipts to customers. It claims chunks of deliveries for users that have a receiver
// bound to this gateway, or for whole accounts that allow any of their users to take receipts. It
// claims somewhat more than fits into the windows, sends a deliver_sm whenever a window has a free
// place, and settles a chunk after its last answer.
//
// A slow customer delays no other customer. Nothing is claimed for a customer that does not answer,
// and deliveries that wait longer than two seconds are put back into the outbox. So the gateway
// holds few claims, and a crash causes few duplicate deliveries.

import { setImmediate } from 'node:timers/promises'
import { asError } from '../../flow/asError.ts'
import { Batcher } from '../../flow/batcher.ts'
import { backOffMs } from '../../flow/backOff.ts'
import { ClaimLoop } from '../../flow/claimLoop.ts'
import { untilDone } from '../../flow/untilDone.ts'
import { classify, decodeBody, encodeBody, ESME_ROK, ESME_RSYSERR } from '../../smpp/index.ts'
import type { RequestOutcome, Session } from '../../smpp/index.ts'
import type { Delivery } from '../../outbox/deliveryChunk.ts'
import type { Claim, OutboxDemand } from '../../outbox/outboxTable.ts'
import type { ClaimOutcome } from '../../outbox/settlementTable.ts'
import { doesHarm } from '../doesHarm.ts'
import type { BindRegistry, CustomerBind } from './bindRegistry.ts'
import { ClaimInHand } from './claimInHand.ts'
import { DeliveryLine } from './deliveryLine.ts'

export interface OutboxPort {
  /** Releases claims that were made under this process's name and are not listed in `inHand`. */
  reclaim(inHand: readonly string[]): Promise<void>
  claim(demands: readonly OutboxDemand[], leaseMs: number): Promise<Claim>
  settle(outcomes: readonly ClaimOutcome[]): Promise<void>
}

export interface OutboxDeliveryOptions {
  outbox: OutboxPort
  binds: BindRegistry
  /** Whether any user of the account may receive the receipts of all its users. */
  sharesReceipts: (account: string) => boolean
  /** How long a receiver may take to answer. */
  responseTimeoutMs: number
  onTrouble: (what: string, error: Error) => void
  /** A monotonic clock, in milliseconds. */
  now?: () => number
}

/** The time within a lease for sending. The rest of the lease is for waiting for the answer. */
const LEASE_MARGIN_MS = 15_000
const LOOK_INTERVAL_MS = 1_000
const PUT_BACK_AFTER_MS = 2_000
const RETRY_FIRST_MS = 1_000
const RETRY_CAP_MS = 300_000
/** The maximum number of waiting deliveries. Windows limit the deliveries in progress. */
const WAITING_MAX = 200_000
const OCTETS_MAX = 64 * 1024 * 1024
/**
 * A delivery may itself be the reason why a link closes. If links have closed more often than this
 * during attempts of one delivery, further attempts are delayed.
 */
const CLOSES_MAX = 3
/** A peer with a lower interface_version does not support TLVs (SMPP 3.4 §4.1.1). */
const FIRST_VERSION_WITH_TLVS = 0x34

export class OutboxDelivery {
  readonly #options: OutboxDeliveryOptions
  readonly #now: () => number
  readonly #loop: ClaimLoop<readonly OutboxDemand[], ClaimInHand>
  readonly #settler: Batcher<ClaimInHand>
  readonly #lines = new Map<string, DeliveryLine>()
  #looking: NodeJS.Timeout | undefined
  #isStopped = false
  /** The next claim starts with the demand after this key, so that no user is always last. */
  #servedFirst = ''
  #claiming: Promise<unknown> = Promise.resolve()
  #inHand = 0
  /** The number of waiting deliveries in claims that are not put back. */
  #waiting = 0
  /** The number of deliveries that were put back without an attempt. */
  putBack = 0
  /** The size in octets of all claims that are not put back. */
  #octets = 0
  /** Plain numbers, which metrics read when they are scraped. */
  readonly counters = { acknowledged: 0, refused: 0, retried: 0 }

  constructor(options: OutboxDeliveryOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    const { onTrouble, outbox } = options
    this.#loop = new ClaimLoop(
      {
        room: () => this.#demands(),
        claim: (demands) => this.#claim(demands),
        mayHaveLeft: () => [...this.#lines.values()].some((line) => line.mayHaveMore),
        reclaim: (inHand) => outbox.reclaim(inHand.map(({ id }) => id)),
        take: (claims) => this.#take(claims),
        onTrouble: (error) => onTrouble('claiming deliveries failed; retrying', error),
      },
      { pollIntervalMs: LOOK_INTERVAL_MS, pauseAfterFailureMs: () => LOOK_INTERVAL_MS },
    )
    this.#settler = new Batcher({
      send: (claims) => this.#settle(claims),
      onError: (error) => onTrouble('settling deliveries failed; retrying', error),
      maxItems: 200,
    })
  }

  /** The number of leased deliveries: waiting for a window, in progress, or being settled. */
  get inHand(): number {
    return this.#inHand
  }

  /** Claims and sends deliveries. Called when there may be new deliveries or new receivers. */
  wake(): void {
    if (this.#isStopped) return
    this.#looking ??= setInterval(() => this.#look(), LOOK_INTERVAL_MS)
    for (const line of this.#lines.values()) {
      line.mayHaveMore = true
      this.#deliverTo(line)
    }
    this.#loop.expectMore()
  }

  /** Stops claiming, and resolves when all answers received so far are settled. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#loop.stop()
    clearInterval(this.#looking)
    // Waits for a claim in progress, because the deliveries of that claim must also be put back.
    await this.#claiming.catch(() => undefined)
    await setImmediate()
    for (const line of this.#lines.values())
      for (const claim of line.claims) this.#putBack(line, claim)
    await this.#settler.whenIdle()
  }

  /** The demands of all users, starting with the demand after `#servedFirst`. */
  #demands(): readonly OutboxDemand[] | undefined {
    if (this.#waiting >= WAITING_MAX || this.#octets >= OCTETS_MAX) return undefined
    const nowMs = this.#now()
    const demands: OutboxDemand[] = []
    for (const [account, receivers] of this.#options.binds.receivers) {
      for (const [user, free] of this.#freePlaces(account, receivers)) {
        const line = this.#lineOf(account, user)
        const room = line.room(free, nowMs)
        if (room > 0) demands.push({ account, user, room })
      }
    }
    if (demands.length === 0) return undefined
    for (const { account, user } of demands) this.#lineOf(account, user).mayHaveMore = false
    const first =
      demands.findIndex(({ account, user }) => keyOf(account, user) === this.#servedFirst) + 1
    return [...demands.slice(first), ...demands.slice(0, first)]
  }

  /**
   * The number of free places in windows, by user. If the account shares receipts, the result is
   * one sum for the account, under the key undefined.
   */
  #freePlaces(
    account: string,
    receivers: readonly CustomerBind[],
  ): ReadonlyMap<string | undefined, number> {
    const free = new Map<string | undefined, number>()
    const isShared = this.#options.sharesReceipts(account)
    for (const { session, user } of receivers) {
      const key = isShared ? undefined : user.id
      free.set(key, (free.get(key) ?? 0) + session.windowFree)
    }
    return free
  }

  async #claim(demands: readonly OutboxDemand[]): Promise<readonly ClaimInHand[]> {
    const { onTrouble, outbox, responseTimeoutMs } = this.#options
    // This time is read first, so that the lease in the database ends no earlier than assumed here.
    const startedMs = this.#now()
    const times = {
      sendUntilMs: startedMs + LEASE_MARGIN_MS,
      putBackAtMs: startedMs + PUT_BACK_AFTER_MS,
    }
    const claiming = outbox.claim(demands, responseTimeoutMs + LEASE_MARGIN_MS)
    this.#claiming = claiming
    try {
      const claim = await claiming
      for (const error of claim.unreadable) onTrouble('cannot read deliveries; keeping them', error)
      if (!claim.isComplete) this.#expectRest(demands, claim.claimed)
      return claim.claimed.map((claimed) => new ClaimInHand(claimed, times))
    } catch (error) {
      for (const { account, user } of demands) this.#lineOf(account, user).mayHaveMore = true
      throw error
    }
  }

  /**
   * Called after a claim that may have left some deliveries in the outbox. Demands are served in
   * order, so there is nothing to deliver for the demands before the first served demand. If no
   * demand was served, another process held locks, and the next poll is soon enough.
   */
  #expectRest(demands: readonly OutboxDemand[], claimed: Claim['claimed']): void {
    const served = new Set(claimed.map(({ account, user }) => this.#lineKey(account, user)))
    const first = demands.findIndex(({ account, user }) => served.has(keyOf(account, user)))
    if (first < 0) return
    for (const [index, { account, user }] of demands.entries()) {
      if (index === first) this.#servedFirst = keyOf(account, user)
      if (index >= first) this.#lineOf(account, user).mayHaveMore = true
    }
  }

  #take(claims: readonly ClaimInHand[]): void {
    const lines = new Set<DeliveryLine>()
    for (const claim of claims) {
      const line = this.#lineFor(claim)
      this.#inHand += claim.waiting
      this.#waiting += claim.waiting
      this.#octets += claim.octets
      line.add(claim)
      line.mayHaveMore = true
      lines.add(line)
    }
    for (const line of lines) this.#deliverTo(line)
  }

  #deliverTo(line: DeliveryLine): void {
    for (let claim = line.first; claim; claim = line.first) {
      const receivers = this.#receiversOf(claim)
      if (receivers.length === 0 || this.#now() >= claim.times.sendUntilMs) {
        this.#putBack(line, claim)
        continue
      }
      const bind = mostRoom(receivers)
      if (!bind || !this.#deliverNext(line, claim, bind)) return
    }
  }

  #receiversOf({ claimed: { account, user } }: ClaimInHand): readonly CustomerBind[] {
    const receivers = this.#options.binds.receivers.get(account) ?? []
    if (this.#options.sharesReceipts(account)) return receivers
    return receivers.filter((bind) => bind.user.id === user)
  }

  /**
   * Sends the next delivery of the claim. Returns false if the session did not accept it. If
   * encoding the delivery throws, the delivery is refused, because another attempt would fail in
   * the same way.
   */
  #deliverNext(line: DeliveryLine, claim: ClaimInHand, bind: CustomerBind): boolean {
    const delivery = claim.take()
    if (!delivery) return false
    line.taken()
    this.#waiting--
    try {
      const body = bodyFor(bind.session, delivery.deliverSm)
      const sent = bind.session.requestBody('deliver_sm', body, (outcome) => {
        this.#answered(line, claim, delivery, bind, outcome)
      })
      if (sent !== undefined) return true
      // The session has just begun to close.
      line.returned(claim)
      claim.return(delivery)
      if (!claim.isPutBack) this.#waiting++
      return false
    } catch (error) {
      this.#options.onTrouble(`delivering to ${bind.user.id} failed`, asError(error))
      line.answered(this.#now())
      this.counters.refused++
      claim.refuse(delivery, ESME_RSYSERR)
      this.#settleIfOver(claim)
      return true
    }
  }

  #answered(
    line: DeliveryLine,
    claim: ClaimInHand,
    delivery: Delivery,
    bind: CustomerBind,
    outcome: RequestOutcome,
  ): void {
    line.answered(this.#now())
    if (outcome.kind === 'response')
      this.#byStatus(claim, delivery, bind, outcome.pdu.command_status)
    else this.#retry(claim, delivery, outcome.kind)
    this.#settleIfOver(claim)
    this.#deliverTo(line)
    if (line.mayHaveMore && line.isLow) this.#loop.wake()
  }

  #byStatus(
    claim: ClaimInHand,
    delivery: Delivery,
    { user }: CustomerBind,
    commandStatus: number,
  ): void {
    if (commandStatus === ESME_ROK) {
      this.counters.acknowledged++
      claim.acknowledge(delivery, user.id)
    } else if (classify(commandStatus) === 'permanent') {
      this.counters.refused++
      claim.refuse(delivery, commandStatus)
    } else this.#retry(claim, delivery, 'response')
  }

  #retry(claim: ClaimInHand, delivery: Delivery, ended: RequestOutcome['kind']): void {
    this.counters.retried++
    const { attempts } = claim.claimed
    const counted = ended === 'closed' ? attempts - CLOSES_MAX : attempts
    claim.retry(delivery, counted > 0 ? backOffMs(counted, RETRY_FIRST_MS, RETRY_CAP_MS) : 0)
  }

  /** Puts back the waiting deliveries of a claim once its deliveries in progress are answered. */
  #putBack(line: DeliveryLine, claim: ClaimInHand): void {
    line.remove(claim)
    if (!claim.isPutBack) {
      this.#waiting -= claim.waiting
      this.#octets -= claim.octets
    }
    claim.isPutBack = true
    this.#settleIfOver(claim)
  }

  #settleIfOver(claim: ClaimInHand): void {
    if (claim.isOver) this.#settler.add(claim)
  }

  /** Settles claims. Retries until it succeeds, because unsettled deliveries are sent again. */
  async #settle(claims: readonly ClaimInHand[]): Promise<void> {
    const { onTrouble } = this.#options
    const onFailure = (error: Error) => onTrouble('settling deliveries failed; retrying', error)
    const outcomes = claims.map((claim) => claim.outcome())
    await untilDone(() => this.#settleApart(outcomes), { onTrouble: onFailure })
    for (const claim of claims) {
      this.#inHand -= claim.claimed.deliveries.length
      if (!claim.isPutBack) this.#octets -= claim.octets
    }
    this.#loop.letGo(claims)
    for (const [index, { putBack, retry }] of outcomes.entries()) {
      const claim = claims[index]
      this.putBack += putBack.length
      if (claim && (putBack.length > 0 || retry.length > 0)) this.#lineFor(claim).mayHaveMore = true
    }
    this.#loop.expectMore()
  }

  /**
   * Settles the outcomes together, or one by one if the database refuses them permanently. A
   * refused outcome is reported. Its lease expires, and its deliveries are delivered again.
   */
  async #settleApart(outcomes: readonly ClaimOutcome[]): Promise<void> {
    try {
      await this.#options.outbox.settle(outcomes)
    } catch (error) {
      if (!doesHarm(error)) throw error
      const [first] = outcomes
      if (outcomes.length > 1) for (const outcome of outcomes) await this.#settleApart([outcome])
      else this.#options.onTrouble(`settling ${first?.kind} ${first?.id} was refused`, error)
    }
  }

  /** Puts back deliveries that slow customers have not taken, and polls for new deliveries. */
  #look(): void {
    const nowMs = this.#now()
    for (const [key, line] of this.#lines) {
      for (const claim of line.claims)
        if (nowMs >= claim.times.putBackAtMs) this.#putBack(line, claim)
      // A removed line is created again when it is needed.
      if (line.isIdle) this.#lines.delete(key)
    }
    this.wake()
  }

  #lineFor({ claimed: { account, user } }: ClaimInHand): DeliveryLine {
    const isShared = this.#options.sharesReceipts(account)
    return this.#lineOf(account, isShared ? undefined : (user ?? undefined))
  }

  #lineKey(account: string, user: string | null): string {
    return keyOf(account, this.#options.sharesReceipts(account) ? undefined : (user ?? undefined))
  }

  #lineOf(account: string, user: string | undefined): DeliveryLine {
    const key = keyOf(account, user)
    let line = this.#lines.get(key)
    if (!line) this.#lines.set(key, (line = new DeliveryLine(account, user)))
    return line
  }
}

function keyOf(account: string, user: string | undefined): string {
  return JSON.stringify([account, user])
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
