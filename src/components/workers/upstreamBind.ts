// One bind to an SMSC under one lease: connects, binds, comes back with growing pauses, and says
// whether a message may go out this very moment: bound, lease held, window free, pace free, not
// resting after a throttle.

import { type BindId, bindId } from '../../message/ids.ts'
import type { Connector } from '../../platform/connector.ts'
import { backOffMs } from '../../flow/backOff.ts'
import { Pacer } from '../../flow/pacer.ts'
import { paceShare } from '../../flow/paceShare.ts'
import { BindRefusedError, connectSmpp, ESME_RALYBND } from '../../smpp/index.ts'
import type { Pdu, RequestOutcome, Session, ShortMessageBody } from '../../smpp/index.ts'

export interface UpstreamBindOptions {
  connector: Connector
  slot: number
  password: () => string
  heldUntilMs: number
  onDeliver: (session: Session, pdu: Pdu<'deliver_sm'>) => void
  /** It may be able to send again, or no longer. */
  onChange: () => void
  onTrouble: (bind: BindId, what: string, error: Error) => void
}

const RECONNECT_FIRST_MS = 200
const RECONNECT_CAP_MS = 15_000
/** ESME_RALYBND means our former bind is still held there: the SMSC has to notice that it died. */
const STILL_BOUND_MS = 3_000
/** Well below the time a process has to drain. */
const CLOSE_MS_MAX = 8_000

export class UpstreamBind {
  readonly id: BindId
  readonly slot: number
  #options: UpstreamBindOptions
  #session: Session | undefined
  #pacer: Pacer
  #heldUntilMs: number
  #restUntilMs = 0
  #attempt = 0
  #reconnect: NodeJS.Timeout | undefined
  #abort = new AbortController()
  #connecting: AbortController | undefined
  #leaseEnd: NodeJS.Timeout | undefined
  /** It would connect, and may not before the lease is renewed. */
  #awaitsLease = false

  constructor(options: UpstreamBindOptions) {
    this.#options = options
    this.slot = options.slot
    this.id = bindId(options.connector.id, options.slot)
    this.#heldUntilMs = options.heldUntilMs
    // Each slot has its share, whether the others are bound or not: never over, possibly under.
    // The slot's former holder may have sent its share up to now.
    const { binds, tps } = options.connector
    this.#pacer = new Pacer(paceShare(tps, binds, options.slot), 1000, performance.now())
    this.extendLease(options.heldUntilMs)
    this.#connect()
  }

  /** A session that was closed says so a turn later; until then it takes nothing any more. */
  get bound(): boolean {
    return this.#session?.canSend('submit_sm') === true
  }

  extendLease(heldUntilMs: number): void {
    this.#heldUntilMs = heldUntilMs
    clearTimeout(this.#leaseEnd)
    this.#leaseEnd = setTimeout(() => this.#leaseRanOut(), heldUntilMs - performance.now())
    if (!this.#awaitsLease) return
    this.#awaitsLease = false
    this.#connect()
  }

  /** 0 = now; Infinity = not before something else happens. */
  waitMs(nowMs: number): number {
    if (nowMs >= this.#heldUntilMs) {
      this.#leaseRanOut()
      return Number.POSITIVE_INFINITY
    }
    if (!this.bound || this.#session?.windowFree === 0) return Number.POSITIVE_INFINITY
    return Math.max(this.#restUntilMs - nowMs, this.#pacer.waitMs(nowMs))
  }

  /** False when the session would not take it; nothing was sent then. */
  submit(
    submitSm: ShortMessageBody,
    nowMs: number,
    onOutcome: (outcome: RequestOutcome) => void,
  ): boolean {
    if (this.#session?.request('submit_sm', submitSm, onOutcome) === undefined) return false
    this.#pacer.sent(nowMs)
    return true
  }

  /** After ESME_RTHROTTLED or ESME_RMSGQFUL. */
  rest(nowMs: number): void {
    this.#restUntilMs = nowMs + this.#options.connector.throttlePauseMs
  }

  /** Unbinds, letting what is unanswered come in first, but not for longer than `CLOSE_MS_MAX`. */
  async close(): Promise<void> {
    this.#abort.abort()
    this.#awaitsLease = false
    clearTimeout(this.#reconnect)
    clearTimeout(this.#leaseEnd)
    const session = this.#session
    this.#session = undefined
    if (!session) return
    const overdue = setTimeout(() => session.close('unbinding took too long'), CLOSE_MS_MAX)
    await session.unbind()
    clearTimeout(overdue)
  }

  /** The slot may be another's by now. Closing is all that is left to do with it. */
  #leaseRanOut(): void {
    this.#session?.close('the lease ran out')
    this.#connecting?.abort()
  }

  #connect(): void {
    this.#awaitsLease = performance.now() >= this.#heldUntilMs
    if (this.#awaitsLease) return
    this.#connecting = new AbortController()
    this.#bind(AbortSignal.any([this.#abort.signal, this.#connecting.signal])).then(
      (session) => {
        this.#attempt = 0
        this.#session = session
        if (session.state === 'CLOSED') this.#closed(session, 'closed at once')
        else if (performance.now() >= this.#heldUntilMs) this.#leaseRanOut()
        else this.#options.onChange()
      },
      (error: Error) => this.#refused(error),
    )
  }

  /** Async, so that a password that cannot be read is a failed attempt like any other. */
  async #bind(signal: AbortSignal): Promise<Session> {
    const { connector } = this.#options
    return connectSmpp({
      host: connector.host,
      port: connector.port,
      command: 'bind_transceiver',
      system_id: connector.systemId,
      password: this.#options.password(),
      system_type: connector.systemType,
      windowSize: connector.window,
      timers: {
        sessionInitTimeoutMs: connector.responseTimeoutMs,
        enquireLinkIntervalMs: connector.enquireLinkIntervalMs,
        responseTimeoutMs: connector.responseTimeoutMs,
        inactivityTimeoutMs: 0,
      },
      signal,
      events: {
        requests: { deliver_sm: this.#options.onDeliver },
        onClosed: (session, reason) => this.#closed(session, reason),
      },
    })
  }

  #refused(error: Error): void {
    if (this.#abort.signal.aborted) return
    const stillBound = error instanceof BindRefusedError && error.commandStatus === ESME_RALYBND
    this.#options.onTrouble(
      this.id,
      stillBound ? 'the SMSC still holds our former bind' : 'binding to the SMSC failed',
      error,
    )
    this.#connectLater(stillBound ? STILL_BOUND_MS : 0)
  }

  #closed(session: Session, reason: string): void {
    if (this.#session !== session) return
    this.#session = undefined
    this.#options.onTrouble(this.id, 'the link to the SMSC was lost', new Error(reason))
    this.#options.onChange()
    this.#connectLater(0)
  }

  #connectLater(atLeastMs: number): void {
    if (this.#abort.signal.aborted) return
    const waitMs = backOffMs(this.#attempt++, RECONNECT_FIRST_MS, RECONNECT_CAP_MS)
    clearTimeout(this.#reconnect)
    this.#reconnect = setTimeout(() => this.#connect(), Math.max(atLeastMs, waitMs))
  }
}
