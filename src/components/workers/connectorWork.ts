// Does all the work for one connector in this process. Urgent messages are sent first, submissions
// are evenly spaced, and the binds take turns. Every answer becomes an outcome. A throttled message
// is submitted again as soon as the pace allows. A message without an answer is submitted again as
// often as the connector allows. A message that may have broken links is sent alone on a bind
// (suspects.ts). After a temporary error of the SMSC, a message waits in the table `later`.

import { type Connector, isSentOnce } from '../../platform/connector.ts'
import { LANES } from '../../message/lane.ts'
import { asError } from '../../flow/asError.ts'
import { errorAbout } from '../../flow/errorAbout.ts'
import { LaneOrder } from '../../flow/laneOrder.ts'
import type { SteadyClock } from '../../flow/steadyClock.ts'
import { classify, commandStatusName } from '../../smpp/index.ts'
import type { Pdu, RequestOutcome } from '../../smpp/index.ts'
import { BindTurns } from './bindTurns.ts'
import { clearedOutcome, isClearing, mayLeave } from './clearedOutcome.ts'
import { ConnectorFigures } from './connectorFigures.ts'
import { ConnectorPace } from './connectorPace.ts'
import type { EnvelopeWork } from './envelopeWork.ts'
import { ExpiryTimer } from './expiryTimer.ts'
import { failureOf } from './failureOf.ts'
import { nextAttemptAtMs } from './nextAttempt.ts'
import type { RecentSubmissions } from './recentSubmissions.ts'
import { isOver, type LaneSender, SubmitLane } from './submitLane.ts'
import type { SubmitLaneOptions, Task } from './submitLane.ts'
import { rememberSubmission, submittedOutcome } from './submittedOutcome.ts'
import { Suspects } from './suspects.ts'
import { TaskOutcomes } from './taskOutcomes.ts'
import type { UpstreamBind } from './upstreamBind.ts'
import { submitSmNow } from './upstreamValidity.ts'

export interface ConnectorWorkOptions extends SubmitLaneOptions {
  connector: () => Connector
  recent: RecentSubmissions
  /** The time up to which all changes of the connector are known to this process. */
  confirmedAtMs: () => number
  /** Shared with the intake of receipts, because receipt times are compared to submission times. */
  clock: SteadyClock
  /** Whether this process looks after the messages while no process has a bind to the SMSC. */
  caresFor: () => boolean
}

/**
 * Each lane with messages gets at least one in this many submissions, and the most urgent lane gets
 * all others. To keep this limit when two lanes are due together, laneOrder.ts serves the normal
 * lane one submission earlier than the bulk lane.
 */
const LANE_SERVED_WITHIN = 16
/** After this many throttled submissions, a message waits in the table `later`. */
const THROTTLED_TRIES = 5
/** After this many submissions without an answer, a message is sent alone on a bind. */
const SUSPECT_AFTER = 2
const REFUSED = 'were refused'
const UNANSWERED = 'got no answer'
const CLEAR_AGAIN_MS = 500

export class ConnectorWork implements LaneSender {
  #options: ConnectorWorkOptions
  #binds: UpstreamBind[] = []
  #turns = new BindTurns()
  #lanes: readonly SubmitLane[]
  #laneOrder = new LaneOrder(LANES.length, LANE_SERVED_WITHIN)
  #suspects = new Suspects<UpstreamBind>()
  #suspectExpiry = new ExpiryTimer((nowMs) => this.#expireSuspects(nowMs))
  #timer: NodeJS.Timeout | undefined
  /** Shared by all binds, so that they do not send at the same moment. */
  #pace = new ConnectorPace()
  #unanswered = 0
  #stopped = false
  #outcomes: TaskOutcomes
  readonly figures = new ConnectorFigures()

  constructor(options: ConnectorWorkOptions) {
    this.#options = options
    this.#outcomes = new TaskOutcomes(options)
    this.#lanes = LANES.map((lane) => new SubmitLane(lane, this, options))
  }

  connector(): Connector {
    return this.#options.connector()
  }

  /** Whether a bind is up, this process has pace, and the connector is not paused. */
  hasLink(): boolean {
    // A paused connector keeps its binds for receipts and outstanding answers.
    return !this.connector().paused && this.#pace.isOpen && this.#binds.some((one) => one.bound)
  }

  get pace(): number {
    return this.#pace.rate
  }

  /** Sets the pace. A lower pace applies immediately, and a higher pace one second later. */
  setPace(pace: number): void {
    this.#pace.set(pace, this.connector())
    this.wake()
  }

  get suspects(): number {
    return this.#suspects.size
  }

  /** Queues a message that is ready to be sent, unless it was already sent too often. */
  add(task: Task): void {
    const { maxResubmissions } = this.connector()
    if (isSentOnce(this.connector()) && task.work.isTakenOver)
      return this.#fail(task, 0, 'the worker died, perhaps before the SMSC answered')
    const unanswered = task.work.unanswered(task.index, maxResubmissions)
    // The message waits instead of failing, because it may not be the reason why workers died.
    if (unanswered > maxResubmissions) return this.#defer(task, 0, UNANSWERED)
    if (unanswered >= SUSPECT_AFTER) this.#suspect(task)
    else task.lane.add(task)
  }

  caresFor(): boolean {
    return this.#options.caresFor()
  }

  /** Ends an expired message. If the SMSC accepted an earlier submission, a receipt may follow. */
  expire(task: Task): void {
    if (!task.work.isOurs) return
    this.figures.outcomes.expired++
    this.#outcomes.record(task, { kind: 'expired', atMs: Date.now() })
  }

  drop(work: EnvelopeWork): void {
    this.#suspects.takeOut((task) => task.work === work)
  }

  isClearing(): boolean {
    return !this.#stopped && isClearing(this.connector())
  }

  setBinds(binds: UpstreamBind[]): void {
    this.#binds = binds
    this.wake()
  }

  /** Sends the messages that can be sent now, and schedules the next call of this method. */
  wake(): void {
    clearTimeout(this.#timer)
    if (this.isClearing()) this.#clear()
    // Without a link, only the caretaker (caretaker.ts) keeps envelopes. Others may have a link.
    else if (!this.hasLink() && this.#unanswered === 0 && !this.caresFor()) return this.#letGo()
    if (this.#stopped) return
    if (this.hasLink()) for (const lane of this.#lanes) lane.letCaredGo()
    const waitMs = this.#sendReady()
    if (waitMs !== Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => this.wake(), Math.ceil(waitMs))
    for (const lane of this.#lanes) lane.wake()
  }

  /** Stops receiving and sending. Answers may still arrive. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#pace.stop()
    this.#suspectExpiry.stop()
    for (const lane of this.#lanes) lane.stop()
  }

  /** Releases all unfinished envelopes. Called after stop(), once all answers have arrived. */
  async close(): Promise<void> {
    this.#letGo()
    await Promise.all(this.#lanes.map((lane) => lane.close()))
  }

  /** Drops all envelopes, because other processes own them now. Answers may still arrive. */
  abandon(): void {
    this.#suspects.clear()
    for (const lane of this.#lanes) lane.abandon()
  }

  #letGo(): void {
    this.#suspects.clear()
    for (const lane of this.#lanes) lane.letGo()
  }

  /** Purges or moves the waiting messages, as the operator chose for this disabled connector. */
  #clear(): void {
    if (!this.#options.ownership.isHeld(performance.now())) return
    const confirmedAtMs = this.#options.confirmedAtMs()
    const isLeaving = ({ work }: Task): boolean => mayLeave(work, confirmedAtMs)
    const leaving = this.#lanes.flatMap((lane) => lane.takeOut(isLeaving))
    if (this.#hasReady()) this.#timer = setTimeout(() => this.wake(), CLEAR_AGAIN_MS)
    for (const task of [...this.#suspects.takeOut(isLeaving), ...leaving]) {
      if (!this.#mayGo(task)) continue
      const outcome = clearedOutcome(this.connector(), Date.now())
      this.figures.outcomes[outcome.kind === 'moved' ? 'moved' : 'purged']++
      this.#outcomes.record(task, outcome)
    }
  }

  /** Sends messages. Returns the ms until the next one can be sent, or Infinity if unknown. */
  #sendReady(): number {
    if (!this.hasLink()) return Number.POSITIVE_INFINITY
    const startMs = performance.now()
    // Another process may own these envelopes by now. When ownership is renewed, wake() is called.
    if (!this.#options.ownership.isHeld(startMs)) return Number.POSITIVE_INFINITY
    const suspectMs = this.#sendSuspect(startMs)
    while (this.#hasReady()) {
      const nowMs = performance.now()
      const paceMs = this.#pace.waitMs(nowMs)
      if (paceMs > 0) return Math.min(paceMs, suspectMs)
      const bind = this.#turns.next(this.#binds, nowMs, (one) => this.#suspects.reserves(one))
      if (typeof bind === 'number') return Math.min(bind, suspectMs)
      const lane = this.#lanes[this.#laneOrder.next(this.#lanes) ?? 0]
      const task = lane?.take()
      // A bind that refuses the message is about to report a change, which calls wake().
      if (task && this.#mayGo(task) && !this.#submit(bind, task)) {
        task.lane.putBack(task)
        break
      }
    }
    return suspectMs
  }

  /** Sends a suspect if possible. Returns the ms until the next one, or Infinity if unknown. */
  #sendSuspect(nowMs: number): number {
    const next = this.#suspects.next(this.#binds, nowMs)
    if (typeof next === 'number') return next
    const { bind, task } = next
    if (!this.#mayGo(task)) return 0
    const waitMs = Math.max(bind.waitMs(nowMs), this.#pace.waitMs(nowMs))
    if (waitMs <= 0) {
      const aloneMs = this.#suspects.sent(task, nowMs)
      if (this.#submit(bind, task)) return aloneMs
    }
    this.#suspects.putBack(task)
    return waitMs > 0 ? waitMs : Number.POSITIVE_INFINITY
  }

  /** Whether the message may be written now. If it has expired, ends it and returns false. */
  #mayGo(task: Task): boolean {
    if (!isOver(task, Date.now())) return task.work.isOurs
    this.expire(task)
    return false
  }

  #suspect(task: Task): void {
    this.#suspects.add(task)
    this.#suspectExpiry.notice(task.expiresAtMs)
  }

  /** Ends the waiting suspects that have expired. Returns when the next waiting suspect expires. */
  #expireSuspects(nowMs: number): number {
    for (const task of this.#suspects.takeOut((one) => isOver(one, nowMs))) this.expire(task)
    return this.#suspects.firstEndMs
  }

  #hasReady(): boolean {
    for (const lane of this.#lanes) if (lane.size > 0) return true
    return false
  }

  /** Returns false if the bind refused the message. */
  #submit(bind: UpstreamBind, task: Task): boolean {
    // A copy, because a late answer to an earlier write needs the time and the bind of that write.
    const written = { atMs: this.#options.clock.nowMs(), slot: bind.slot }
    const once: Task = { ...task, written, again: undefined }
    let send = 0
    const settle = (outcome: RequestOutcome): void => {
      if (outcome.kind === 'response') this.#pace.answered(send)
      this.figures.addOutcome(outcome, this.#options.clock.nowMs() - written.atMs)
      this.#answered(bind, once, outcome)
    }
    try {
      if (!bind.submit(submitSmNow(task, written.atMs), settle)) return false
      send = this.#pace.sent()
      this.#unanswered++
      task.work.inFlight++
      if (task.again) this.figures.resubmitted[task.again]++
    } catch (error) {
      this.#failAlone(task, error)
    }
    return true
  }

  #answered(bind: UpstreamBind, task: Task, outcome: RequestOutcome): void {
    // A late answer follows a timeout, which has already lowered these counters.
    if (outcome.kind !== 'late') {
      this.#unanswered--
      task.work.inFlight--
    }
    try {
      this.#settle(bind, task, outcome)
    } catch (error) {
      // If the answer is late or another worker owns the envelope, the outcome is already decided.
      this.#failAlone(task, error, outcome.kind === 'late' || !task.work.isOurs)
    }
    this.wake()
  }

  #settle(bind: UpstreamBind, task: Task, outcome: RequestOutcome): void {
    if (outcome.kind === 'late') return this.#late(task, outcome.pdu)
    this.#suspects.ended(task, performance.now())
    const isAnswered = outcome.kind === 'response'
    // The new owner sends the message again. A receipt for this submission may still arrive.
    if (!task.work.isOurs) this.#late(task, isAnswered ? outcome.pdu : undefined)
    else if (isAnswered) this.#response(bind, task, outcome.pdu)
    else this.#unknown(bind, task, outcome.kind === 'timeout' ? 'no_answer' : 'link_lost')
  }

  #response(bind: UpstreamBind, task: Task, pdu: Pdu): void {
    const { command_status: commandStatus } = pdu
    switch (classify(commandStatus)) {
      case 'ok':
        return this.#submitted(task, pdu)
      case 'throttled':
        bind.rest(performance.now())
        return this.#outcomes.throttled(task, commandStatus) < THROTTLED_TRIES
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
    const outcome = submittedOutcome(task, pdu, this.connector())
    if (!outcome) return this.#fail(task, pdu.command_status, 'the response has no message_id')
    this.figures.addSubmitted(outcome.atMs - task.message.acceptedAtMs)
    rememberSubmission(this.#options.recent, task, outcome)
    this.#outcomes.record(task, outcome)
  }

  /** Handles a late answer. The outcome is already decided, but a receipt may follow. */
  #late(task: Task, pdu: Pdu | undefined): void {
    const isTaken = pdu && classify(pdu.command_status) === 'ok'
    const outcome = isTaken ? submittedOutcome(task, pdu, this.connector()) : undefined
    if (!outcome) return
    rememberSubmission(this.#options.recent, task, outcome)
    this.#options.writer.late(task.work, task.message, outcome)
  }

  /** Handles a missing answer: it is unknown whether the SMSC accepted the message. */
  #unknown(bind: UpstreamBind, task: Task, cause: 'no_answer' | 'link_lost'): void {
    const { maxResubmissions } = this.connector()
    if (isSentOnce(this.connector()))
      return this.#fail(task, 0, 'the link was lost before the answer')
    task.work.addUnanswered(task.index)
    this.#outcomes.unanswered(task, cause)
    const unanswered = task.work.unanswered(task.index, maxResubmissions)
    if (unanswered > maxResubmissions) return this.#unansweredTooOften(bind, task, cause)
    if (isOver(task, Date.now())) return this.expire(task)
    this.#outcomes.submittedAgain(task)
    const again = { ...task, again: cause }
    if (cause === 'link_lost' && unanswered >= SUSPECT_AFTER) this.#suspect(again)
    else if (cause === 'link_lost') task.lane.putBack(again)
    // Messages that the SMSC does not answer must not block the head of the lane.
    else task.lane.add(again)
  }

  /**
   * Fails the message if the SMSC answers other messages. If the SMSC answers no messages or cuts
   * each link immediately, the message may not be the cause, so it is deferred.
   */
  #unansweredTooOften(bind: UpstreamBind, task: Task, cause: 'no_answer' | 'link_lost'): void {
    const silentMs = performance.now() - bind.answeredAtMs
    const servesOthers =
      cause === 'link_lost' ? bind.hasServed : silentMs < this.connector().responseTimeoutMs / 2
    if (!servesOthers) return this.#defer(task, 0, UNANSWERED)
    const times = task.work.unanswered(task.index)
    this.#fail(task, 0, `the SMSC answered none of ${times} submissions`)
  }

  /** Fails the message that caused an exception, and no other message. */
  #failAlone(task: Task, error: unknown, isDecided = false): void {
    const { commandStatus, isExpected, reason } = failureOf(error)
    const { messageId } = task.message
    if (!isDecided) this.#suspects.ended(task, performance.now())
    if (!isExpected) {
      const about = errorAbout(`message ${messageId}`, asError(error))
      this.#options.onTrouble('submitting a message failed', about)
    }
    if (!isDecided) this.#fail(task, commandStatus, reason)
  }

  #fail(task: Task, commandStatus: number, reason: string): void {
    this.figures.outcomes.failed++
    const atMs = this.#options.clock.nowMs()
    this.#outcomes.record(task, { kind: 'failed', atMs, commandStatus, reason })
  }

  #defer(task: Task, commandStatus: number, what = REFUSED): void {
    const atMs = this.#options.clock.nowMs()
    // By the database's clock, the message may have expired during the attempt, even if this
    // machine's clock allowed the attempt. Such an attempt does not count as refused.
    if (isOver(task, atMs)) return this.expire(task)
    const attempts = task.message.attempts + 1
    if (attempts >= this.#options.connector().maxAttempts)
      return this.#fail(task, commandStatus, `${attempts} attempts ${what}`)
    this.figures.outcomes.deferred++
    const dueAtMs = nextAttemptAtMs(atMs, attempts, task.expiresAtMs)
    this.#outcomes.record(task, { kind: 'deferred', atMs, commandStatus, dueAtMs })
  }
}
