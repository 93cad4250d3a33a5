// All the work for one connector in this process: sends the messages of its lanes, the urgent ones
// first, evenly spaced and over the binds in turn, and turns every answer into an outcome. A
// message is submitted again when its answer was lost with the link (unless the connector says
// otherwise) and at once when the SMSC throttles. After passing trouble at the SMSC it waits in the
// table `later`.

import type { Connector } from '../../platform/connector.ts'
import { LANES } from '../../message/lane.ts'
import { upstreamId } from '../../message/ids.ts'
import { comparableNumber } from '../../message/receiptMatch.ts'
import { carriedId, upstreamIdKey } from '../../message/upstreamIdKey.ts'
import { backOffMs } from '../../flow/backOff.ts'
import { LaneOrder } from '../../flow/laneOrder.ts'
import { Pacer } from '../../flow/pacer.ts'
import type { SteadyClock } from '../../flow/steadyClock.ts'
import { classify, commandStatusName } from '../../smpp/index.ts'
import type { Pdu, RequestOutcome } from '../../smpp/index.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import type { RecentSubmissions } from './recentSubmissions.ts'
import { type LaneSender, SubmitLane, type SubmitLaneOptions, type Task } from './submitLane.ts'
import type { UpstreamBind } from './upstreamBind.ts'

export interface ConnectorWorkOptions extends SubmitLaneOptions {
  connector: () => Connector
  recent: RecentSubmissions
  /** Shared with the intake of receipts, whose times are compared with those of submissions. */
  clock: SteadyClock
}

type SubmittedOutcome = Extract<Outcome, { kind: 'submitted' }>

/**
 * A lane that has messages gets at least one of so many submissions, and the most urgent lane all
 * that are left: while every lane is full, one of 15 is normal, one of 16 is bulk, the rest is
 * high.
 */
const LANE_SERVED_WITHIN = 16
/** Attempts in memory after a throttle. Then the message waits in the database like any other. */
const THROTTLED_TRIES = 5
const DEFER_FIRST_MS = 1_000
const DEFER_CAP_MS = 300_000

export class ConnectorWork implements LaneSender {
  #options: ConnectorWorkOptions
  #binds: UpstreamBind[] = []
  #nextBind = 0
  #lanes: readonly SubmitLane[]
  #laneOrder = new LaneOrder(LANES.length, LANE_SERVED_WITHIN)
  #timer: NodeJS.Timeout | undefined
  /** One for all binds, so that they do not send at the same moment. */
  #pacer = new Pacer()
  #written: NodeJS.Immediate | undefined
  #unanswered = 0
  #stopped = false
  /** Added up in plain numbers; metrics read them when scraped. */
  readonly counters = { submitted: 0, failed: 0, deferred: 0, resubmitted: 0 }

  constructor(options: ConnectorWorkOptions) {
    this.#options = options
    this.#lanes = LANES.map((lane) => new SubmitLane(lane, this, options))
  }

  connector(): Connector {
    return this.#options.connector()
  }

  /** A link without a pace of its own is left to the others: messages would wait here for ever. */
  hasLink(): boolean {
    return this.#pacer.isOpen && this.#binds.some((bind) => bind.bound)
  }

  /** Messages a second that this process may submit. */
  get pace(): number {
    return this.#pacer.rate
  }

  /** A higher pace is used one second later, when nobody else's submits count for it any more. */
  setPace(pace: number): void {
    const { burst, tps } = this.connector()
    const share = Math.max(1, Math.floor((burst * pace) / tps))
    this.#pacer.setRate(pace, share, performance.now())
    this.wake()
  }

  setBinds(binds: UpstreamBind[]): void {
    this.#binds = binds
    this.wake()
  }

  /** Sends the messages that can be sent now, and comes back when the next one may go. */
  wake(): void {
    clearTimeout(this.#timer)
    // Without a link others may do what we cannot.
    if (!this.hasLink() && this.#unanswered === 0) return this.#letGo()
    if (this.#stopped) return
    const waitMs = this.#sendReady()
    if (waitMs !== Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => this.wake(), Math.ceil(waitMs))
    for (const lane of this.#lanes) lane.wake()
  }

  /** Receives and sends nothing more. Answers may still come in. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    clearImmediate(this.#written)
    for (const lane of this.#lanes) lane.stop()
  }

  /** After stop(), once all answers are in: lets go of all unfinished envelopes. */
  async close(): Promise<void> {
    this.#letGo()
    await Promise.all(this.#lanes.map((lane) => lane.close()))
  }

  #letGo(): void {
    for (const lane of this.#lanes) lane.letGo()
  }

  /** Answers how long until the next message may go, or Infinity if none is ready. */
  #sendReady(): number {
    while (this.#hasReady()) {
      const nowMs = performance.now()
      const paceMs = this.#pacer.waitMs(nowMs)
      if (paceMs > 0) return paceMs
      const bind = this.#freeBind(nowMs)
      if (typeof bind === 'number') return bind
      const lane = this.#lanes[this.#laneOrder.next(this.#lanes) ?? 0]
      const task = lane?.take()
      // A bind that refuses the message is about to report why, and that wakes us again.
      if (task && !this.#submit(bind, task)) break
    }
    return Number.POSITIVE_INFINITY
  }

  #hasReady(): boolean {
    for (const lane of this.#lanes) if (lane.size > 0) return true
    return false
  }

  /** The next bind that may send now, or the time until one may, in ms. */
  #freeBind(nowMs: number): UpstreamBind | number {
    let soonestMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.#binds.length; i++) {
      const bind = this.#binds[(this.#nextBind + i) % this.#binds.length]
      if (!bind) continue
      const waitMs = bind.waitMs(nowMs)
      if (waitMs <= 0) {
        this.#nextBind = (this.#nextBind + i + 1) % this.#binds.length
        return bind
      }
      soonestMs = Math.min(soonestMs, waitMs)
    }
    return soonestMs
  }

  #submit(bind: UpstreamBind, task: Task): boolean {
    // A copy: the answer to an earlier write, which may still come, keeps its own time and bind.
    const once: Task = { ...task, written: { atMs: this.#options.clock.nowMs(), slot: bind.slot } }
    let send = 0
    const sent = bind.submit(task.submitSm, (outcome) => {
      if (outcome.kind === 'response') this.#pacer.answered(send, performance.now())
      this.#answered(bind, once, outcome)
    })
    if (sent) send = this.#countSent()
    else task.lane.putBack(task)
    return sent
  }

  /**
   * Sessions write to their sockets at the end of the turn (smpp/session/pduWriter.ts). The
   * immediate set here runs after theirs, so the pacer learns the time of the write itself.
   */
  #countSent(): number {
    this.#unanswered++
    this.#written ??= setImmediate(() => {
      this.#written = undefined
      this.#pacer.written(performance.now())
    })
    return this.#pacer.sent(performance.now())
  }

  #answered(bind: UpstreamBind, task: Task, outcome: RequestOutcome): void {
    // A late answer follows a timeout, which was counted already.
    if (outcome.kind === 'late') this.#late(task, outcome.pdu)
    else {
      this.#unanswered--
      if (outcome.kind === 'response') this.#response(bind, task, outcome.pdu)
      else this.#unknown(task)
    }
    this.wake()
  }

  #response(bind: UpstreamBind, task: Task, pdu: Pdu): void {
    const { command_status: commandStatus } = pdu
    switch (classify(commandStatus)) {
      case 'ok':
        return this.#submitted(task, pdu)
      case 'throttled':
        bind.rest(performance.now())
        return ++task.tries < THROTTLED_TRIES
          ? task.lane.putBack(task)
          : this.#defer(task, commandStatus)
      case 'temporary':
      case 'session':
        return this.#defer(task, commandStatus)
      default:
        return this.#fail(task, commandStatus, commandStatusName(commandStatus))
    }
  }

  #submitted(task: Task, pdu: Pdu): void {
    const outcome = this.#submittedOutcome(task, pdu)
    if (!outcome) return this.#fail(task, pdu.command_status, 'a response without a message_id')
    this.counters.submitted++
    this.#remember(task, outcome)
    this.#options.writer.record(task.work, task.index, outcome)
  }

  /** The answer came after its timer. The outcome is decided, but its id may bring a receipt. */
  #late(task: Task, pdu: Pdu): void {
    const outcome =
      classify(pdu.command_status) === 'ok' ? this.#submittedOutcome(task, pdu) : undefined
    if (!outcome) return
    this.#remember(task, outcome)
    this.#options.writer.late(task.work, task.message, outcome)
  }

  #remember(task: Task, outcome: Outcome): void {
    if (outcome.kind !== 'submitted') return
    const { connector } = task.work.envelope
    this.#options.recent.remember(connector, upstreamIdKey(outcome), {
      message: task.message,
      destination: comparableNumber(task.submitSm.destination_addr),
      submittedAtMs: outcome.atMs,
    })
  }

  /** Its time is that of the write: a receipt may overtake the response. */
  #submittedOutcome({ written }: Task, pdu: Pdu): SubmittedOutcome | undefined {
    if (pdu.command !== 'submit_sm_resp' || !written) return undefined
    const rule = this.#options.connector().messageIdRule
    const id = carriedId(upstreamId(pdu.message_id), 'response', rule, written.slot)
    return { kind: 'submitted', atMs: written.atMs, ...id }
  }

  /** Nobody knows whether the SMSC took the message. */
  #unknown(task: Task): void {
    if (this.#options.connector().onLinkLost === 'fail')
      return this.#fail(task, 0, 'the link was lost before the answer')
    this.counters.resubmitted++
    task.lane.putBack(task)
  }

  #fail(task: Task, commandStatus: number, reason: string): void {
    this.counters.failed++
    const atMs = this.#options.clock.nowMs()
    const outcome = { kind: 'failed', atMs, commandStatus, reason } as const
    this.#options.writer.record(task.work, task.index, outcome)
  }

  #defer(task: Task, commandStatus: number): void {
    const attempts = task.message.attempts + 1
    if (attempts >= this.#options.connector().maxAttempts)
      return this.#fail(task, commandStatus, `${attempts} attempts were refused`)
    this.counters.deferred++
    const atMs = this.#options.clock.nowMs()
    const dueAtMs = atMs + backOffMs(attempts, DEFER_FIRST_MS, DEFER_CAP_MS)
    this.#options.writer.record(task.work, task.index, {
      kind: 'deferred',
      atMs,
      commandStatus,
      dueAtMs,
    })
  }
}
