// One bind to an SMSC under one lease. It connects and binds. After a failure or a lost link, it
// tries again, and the pauses between its attempts grow. A message may be sent while the bind is
// up, its lease is held, its window has room, and no pause after throttling is in progress.
// ConnectorWork controls the pace for all binds together.

import { type BindId, bindId } from '../../message/ids.ts'
import type { Connector } from '../../platform/connector.ts'
import { backOffMs } from '../../flow/backOff.ts'
import { reasonOf } from '../../flow/reasonOf.ts'
import { BindRefusedError, connectSmpp, ESME_RALYBND } from '../../smpp/index.ts'
import type { Pdu, RequestOutcome, Session, ShortMessageBody } from '../../smpp/index.ts'
import type { BindEvents } from './bindLog.ts'
import { sessionAdjustment, sessionTerms } from './sessionTerms.ts'
import { upstreamSubmitSm } from './upstreamSubmitSm.ts'

export interface UpstreamBindOptions {
  connector: Connector
  slot: number
  password: (connector: Connector) => string
  heldUntilMs: number
  onDeliver: (session: Session, pdu: Pdu<'deliver_sm'>) => void
  /** Called when the bind may have become able or unable to send. */
  onChange: () => void
  /** Notified when the bind comes up, goes down or is closed. */
  events: BindEvents
}

const RECONNECT_FIRST_MS = 200
const RECONNECT_CAP_MS = 15_000
/** The pause after ESME_RALYBND. The SMSC has yet to notice that our former bind is dead. */
const STILL_BOUND_MS = 3_000
const SETTLED_MS = 1_000
/** A session of at least this length resets the growing pauses, even if nothing was sent. */
const STABLE_MS = 60_000
/** The longest wait for an unbind. It is well below the time in which a process must drain. */
const CLOSE_MS_MAX = 8_000

export class UpstreamBind {
  readonly id: BindId
  readonly slot: number
  #options: UpstreamBindOptions
  #connector: Connector
  /** The terms of the current session or attempt to bind (sessionTerms.ts). */
  #terms: string
  #firstBound = Promise.withResolvers<void>()
  #session: Session | undefined
  #heldUntilMs: number
  #restUntilMs = 0
  #unanswered = 0
  /** The number of answered submissions in the current session, or in the last one. */
  #answered = 0
  #answeredAtMs = Number.NEGATIVE_INFINITY
  #boundAtMs = 0
  #attempt = 0
  #reconnect: NodeJS.Timeout | undefined
  #abort = new AbortController()
  #connecting: AbortController | undefined
  #leaseEnd: NodeJS.Timeout | undefined
  /** True while connecting has to wait until the lease is renewed. */
  #awaitsLease = false

  constructor(options: UpstreamBindOptions) {
    this.#options = options
    this.#connector = options.connector
    this.#terms = sessionTerms(options.connector)
    this.slot = options.slot
    this.id = bindId(options.connector.id, options.slot)
    this.#heldUntilMs = options.heldUntilMs
    this.extendLease(options.heldUntilMs)
    this.#connect()
  }

  /** False as soon as the session cannot send, which is before it reports that it was closed. */
  get bound(): boolean {
    return this.#session?.canSend('submit_sm') === true
  }

  /** The number of submissions that the SMSC has not answered yet. */
  get unanswered(): number {
    return this.#unanswered
  }

  /** Whether the SMSC answered any submission in the current session, or in the last one. */
  get hasServed(): boolean {
    return this.#answered > 0
  }

  /** Whether the SMSC has answered a submission in this session, or had enough time to do so. */
  get isSettled(): boolean {
    return this.hasServed || performance.now() - this.#boundAtMs >= SETTLED_MS
  }

  /** When a submission was last answered, in monotonic ms. */
  get answeredAtMs(): number {
    return this.#answeredAtMs
  }

  /** Whether a changed setting needs a new session. */
  get isOutdated(): boolean {
    return this.#terms !== sessionTerms(this.#connector)
  }

  /** Resolves when the bind is up for the first time, or closed. */
  get firstBound(): Promise<void> {
    return this.#firstBound.promise
  }

  /** Applies changed settings. Settings that need a new session make the bind outdated. */
  adjust(connector: Connector): void {
    if (connector === this.#connector) return
    this.#connector = connector
    this.#session?.adjust(sessionAdjustment(connector))
  }

  extendLease(heldUntilMs: number): void {
    this.#heldUntilMs = heldUntilMs
    clearTimeout(this.#leaseEnd)
    // A lease that expired before this process learned of it ends immediately.
    const leftMs = Math.max(0, heldUntilMs - performance.now())
    this.#leaseEnd = setTimeout(() => this.#leaseRanOut(), leftMs)
    if (!this.#awaitsLease) return
    this.#awaitsLease = false
    this.#connect()
  }

  /**
   * Returns the ms until a message may be sent. The result is 0 if a message may be sent now, and
   * Infinity if no message can be sent before the state of the bind changes.
   */
  waitMs(nowMs: number): number {
    if (nowMs >= this.#heldUntilMs) {
      this.#leaseRanOut()
      return Number.POSITIVE_INFINITY
    }
    if (!this.bound || this.#session?.windowFree === 0) return Number.POSITIVE_INFINITY
    return Math.max(0, this.#restUntilMs - nowMs)
  }

  /**
   * Submits a message. Returns false if the session refused it. Throws if no form of the message
   * fits the version that the SMSC speaks (SMPP 3.4 §5.2.4). In both cases nothing was sent.
   */
  submit(submitSm: ShortMessageBody, onOutcome: (outcome: RequestOutcome) => void): boolean {
    const session = this.#session
    if (!session) return false
    const answered = (outcome: RequestOutcome): void => {
      if (outcome.kind !== 'late') this.#unanswered--
      if (outcome.kind === 'response') this.#noteAnswer()
      onOutcome(outcome)
    }
    const fitting = upstreamSubmitSm(submitSm, session.interfaceVersion)
    if (session.request('submit_sm', fitting, answered) === undefined) return false
    this.#unanswered++
    return true
  }

  #noteAnswer(): void {
    this.#answered++
    this.#answeredAtMs = performance.now()
  }

  /** Pauses sending on this bind after ESME_RTHROTTLED or ESME_RMSGQFUL. */
  rest(nowMs: number): void {
    this.#restUntilMs = nowMs + this.#connector.throttlePauseMs
  }

  /** Unbinds after all outstanding answers, but waits no longer than `CLOSE_MS_MAX`. */
  async close(reason: string): Promise<void> {
    this.#abort.abort()
    this.#options.events.closed(this.id, reason)
    this.#firstBound.resolve()
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

  /** The slot may belong to another process by now, so the session must end. */
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
        // close() was called while the answer to the bind request was on its way.
        if (this.#abort.signal.aborted) return session.close('the bind was given up')
        this.#session = session
        this.#answered = 0
        this.#boundAtMs = performance.now()
        // Settings may have changed while the session was being bound.
        session.adjust(sessionAdjustment(this.#connector))
        this.#firstBound.resolve()
        if (session.state === 'CLOSED') this.#closed(session, 'closed immediately after the bind')
        else if (performance.now() >= this.#heldUntilMs) this.#leaseRanOut()
        else {
          this.#options.events.up(this.id)
          this.#options.onChange()
        }
      },
      (error: Error) => this.#refused(error),
    )
  }

  /** This function is async, so that an unreadable password is a failed attempt like any other. */
  async #bind(signal: AbortSignal): Promise<Session> {
    const connector = this.#connector
    this.#terms = sessionTerms(connector)
    return connectSmpp({
      host: connector.host,
      port: connector.port,
      command: 'bind_transceiver',
      system_id: connector.systemId,
      password: this.#options.password(connector),
      system_type: connector.systemType,
      ...sessionAdjustment(connector),
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
    const reason = reasonOf(error)
    const hint = stillBound ? '; the SMSC still holds our former bind' : ''
    this.#options.events.failed(this.id, reason + hint)
    this.#connectLater(stillBound ? STILL_BOUND_MS : 0)
  }

  #closed(session: Session, reason: string): void {
    if (this.#session !== session) return
    this.#session = undefined
    // An SMSC that accepts a bind and then cuts the link has not recovered yet.
    const wasUseful = this.hasServed || performance.now() - this.#boundAtMs >= STABLE_MS
    if (wasUseful) this.#attempt = 0
    this.#options.events.lost(this.id, reason)
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
