import { told } from './sessionDefaults.ts'
import type { SessionTimers } from './sessionTimers.ts'
import type { SessionRules } from './sessionTypes.ts'

const TICK_MS_MIN = 5
const TICK_MS_MAX = 1000
const LINGER_MS = 2000
const LAST_ANSWERS_MS = 1000
const CONGESTED_MS_MAX = 60_000
const PDU_TIMEOUT_MS_MIN = 1000
const BIND_WAIT_MS = 60_000

export interface ClockActions {
  /** Called at each tick, to let requests expire. */
  now(nowMs: number): void
  enquire(): void
  unbind(): void
  leavingOverdue(): void
  close(reason: string): void
  /** Called if the peer keeps the connection open after we have closed our side. */
  destroy(): void
}

/**
 * The timers of one session (SMPP 3.4 §7.2). One coarse timer checks all deadlines, so requests and
 * PDUs need no timers of their own. The clock may notice a deadline late: by up to a quarter of the
 * shortest timer, but never by more than 1 s.
 */
export class SessionClock {
  readonly #actions: ClockActions
  #timers: SessionTimers
  #tick: NodeJS.Timeout
  readonly #deadlines = {
    bind: Infinity,
    leave: Infinity,
    partial: Infinity,
    congested: Infinity,
    destroy: Infinity,
  }
  #receivedAtMs: number
  #messageAtMs: number
  #enquiredAtMs = Infinity
  #bindOverdue = 'no bind request arrived in time'
  #isReading = true
  #isBound = false

  constructor(settings: SessionRules, actions: ClockActions) {
    const { timers, side } = settings
    this.#timers = timers
    this.#actions = actions
    const now = performance.now()
    this.#receivedAtMs = now
    this.#messageAtMs = now
    if (side === 'mc') this.#deadlines.bind = now + orNever(timers.sessionInitTimeoutMs)
    this.#tick = this.#startTicking()
  }

  /**
   * Changes the timers. Running deadlines of a PDU, a bind or an unbind do not change. All other
   * deadlines use the new timers immediately.
   */
  adjust(timers: Partial<SessionTimers>): void {
    this.#timers = { ...this.#timers, ...told(timers) }
    clearInterval(this.#tick)
    this.#tick = this.#startTicking()
  }

  stop(): void {
    clearInterval(this.#tick)
  }

  received(): void {
    this.#receivedAtMs = performance.now()
    this.#enquiredAtMs = Infinity
  }

  message(): void {
    this.#messageAtMs = this.#receivedAtMs
  }

  /** Call when one of our requests is sent. Returns the current time. */
  requested(): number {
    this.#messageAtMs = performance.now()
    return this.#messageAtMs
  }

  /**
   * Starts the deadline for the answer to a bind. `overdue` is the close reason if the deadline
   * passes.
   */
  bindWaits(overdue: string): void {
    this.#bindOverdue = overdue
    const { responseTimeoutMs } = this.#timers
    this.#deadlines.bind = performance.now() + (responseTimeoutMs || BIND_WAIT_MS)
  }

  bound(): void {
    this.#deadlines.bind = Infinity
    this.#isBound = true
    this.#receivedAtMs = performance.now()
    this.#messageAtMs = this.#receivedAtMs
  }

  reading(isReading: boolean): void {
    const now = performance.now()
    this.#isReading = isReading
    this.#receivedAtMs = now
    // The rest of the PDU could not arrive while reading was stopped.
    if (isReading && this.#deadlines.partial !== Infinity)
      this.#deadlines.partial = now + orNever(this.#pduTimeoutMs)
  }

  partial(hasPartial: boolean): void {
    if (!hasPartial) this.#deadlines.partial = Infinity
    else this.#deadlines.partial = performance.now() + orNever(this.#pduTimeoutMs)
  }

  congested(isCongested: boolean): void {
    this.#deadlines.congested = isCongested ? performance.now() + CONGESTED_MS_MAX : Infinity
  }

  /**
   * Starts the deadline for one step of an unbind. The deadline is the response timeout, except in
   * the last step, where it is one second. In that second, answers to our own requests may still
   * arrive after unbind_resp.
   */
  leaving(isLast: boolean): void {
    const waitMs = this.#timers.responseTimeoutMs || BIND_WAIT_MS
    this.#deadlines.leave = performance.now() + (isLast ? LAST_ANSWERS_MS : waitMs)
  }

  closing(): void {
    this.#deadlines.destroy = performance.now() + LINGER_MS
  }

  get #pduTimeoutMs(): number {
    const { pduTimeoutMs, responseTimeoutMs } = this.#timers
    return pduTimeoutMs ?? Math.max(responseTimeoutMs, PDU_TIMEOUT_MS_MIN)
  }

  #startTicking(): NodeJS.Timeout {
    // The timers are listed by name because the object may contain other numbers. For example, the
    // application may pass its whole configuration.
    const { sessionInitTimeoutMs, enquireLinkIntervalMs, responseTimeoutMs } = this.#timers
    const linkMs = [sessionInitTimeoutMs, enquireLinkIntervalMs, responseTimeoutMs]
    const allMs = [...linkMs, this.#timers.inactivityTimeoutMs, this.#pduTimeoutMs]
    const shortest = Math.min(...allMs.map(orNever))
    const everyMs = Math.min(Math.max(shortest / 4, TICK_MS_MIN), TICK_MS_MAX)
    return setInterval(() => this.#onTick(performance.now()), everyMs)
  }

  #onTick(nowMs: number): void {
    const { bind, leave, partial, congested, destroy } = this.#deadlines
    if (destroy !== Infinity) {
      if (nowMs >= destroy) this.#actions.destroy()
      return
    }
    this.#actions.now(nowMs)
    if (nowMs >= bind) this.#actions.close(this.#bindOverdue)
    else if (nowMs >= congested) this.#actions.close('the peer does not read what we send')
    else if (nowMs >= partial && this.#isReading)
      this.#actions.close('the rest of a PDU did not arrive in time')
    else if (nowMs >= leave) this.#actions.leavingOverdue()
    else if (this.#isReading) this.#checkLink(nowMs)
  }

  #checkLink(nowMs: number): void {
    const { enquireLinkIntervalMs, inactivityTimeoutMs, responseTimeoutMs } = this.#timers
    if (!this.#isBound) return
    if (this.#enquiredAtMs !== Infinity) {
      // If any octets had arrived since the enquire_link, `received` would have reset
      // #enquiredAtMs: a link that carries data is alive even if the answer is slow.
      if (nowMs >= this.#enquiredAtMs + orNever(responseTimeoutMs))
        this.#actions.close('enquire_link was not answered')
    } else if (nowMs >= this.#receivedAtMs + orNever(enquireLinkIntervalMs)) {
      this.#enquiredAtMs = nowMs
      this.#actions.enquire()
    }
    if (
      this.#deadlines.leave === Infinity &&
      nowMs >= this.#messageAtMs + orNever(inactivityTimeoutMs)
    )
      this.#actions.unbind()
  }
}

/** Converts 0, which switches a timer off, to Infinity. */
export function orNever(timeoutMs: number): number {
  return timeoutMs > 0 ? timeoutMs : Infinity
}
