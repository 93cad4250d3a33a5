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
  /** The peer keeps the connection open although we ended it. */
  destroy(): void
}

/**
 * The timers of one session (SMPP 3.4 §7.2). One coarse timer checks all of them, so that a request
 * or a PDU costs no timer. A deadline may fire late by up to a quarter of the shortest timer.
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
  #bindOverdue = 'no bind in time'
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
   * Deadlines that already run for a PDU, a bind or an unbind keep their value; all others use the
   * new timers at once.
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

  /** A request of ours is sent now. Returns the time. */
  requested(): number {
    this.#messageAtMs = performance.now()
    return this.#messageAtMs
  }

  /** `overdue` is the reason to close with if the bind is not answered in time. */
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
    // While we did not read, the rest of the PDU could not arrive.
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
   * Each step of an unbind may take as long as the response timer; the last step (answers after the
   * unbind) may take one second.
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
    // Named one by one: the object may hold other numbers, such as a process's whole Config.
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
      this.#actions.close('half a PDU, and the rest did not come in time')
    else if (nowMs >= leave) this.#actions.leavingOverdue()
    else if (this.#isReading) this.#checkLink(nowMs)
  }

  #checkLink(nowMs: number): void {
    const { enquireLinkIntervalMs, inactivityTimeoutMs, responseTimeoutMs } = this.#timers
    if (!this.#isBound) return
    if (this.#enquiredAtMs !== Infinity) {
      // Any PDU that arrived after the enquire_link has reset #enquiredAtMs, because a slow answer
      // does not mean a dead link.
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

/** A timer that is switched off never expires. */
export function orNever(timeoutMs: number): number {
  return timeoutMs > 0 ? timeoutMs : Infinity
}
