// All the work for one connector in this process: takes envelopes only while a bind could send,
// sends each message over whichever bind is free first, and turns every answer into an outcome. A
// message is submitted again when its answer was lost with the link (unless the connector says
// otherwise), at once when the SMSC throttles, and from the table `later` when the SMSC has
// passing trouble.

import { decodeEnvelope } from '../../queue/envelopeWire.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import { ContractError } from '../../message/msgpackWire.ts'
import type { Connector } from '../../platform/connector.ts'
import { upstreamId } from '../../message/ids.ts'
import { comparableNumber } from '../../message/receiptMatch.ts'
import { carriedId, upstreamIdKey } from '../../message/upstreamIdKey.ts'
import { asError } from '../../flow/asError.ts'
import { backOffMs } from '../../flow/backOff.ts'
import { Consumer } from '../../queue/consumer.ts'
import type { Queue, QueueEntry, SettledEntry, Settlement } from '../../queue/queue.ts'
import { classify, commandStatusName, decodeBody, PduError } from '../../smpp/index.ts'
import type { Pdu, RequestOutcome, ShortMessageBody } from '../../smpp/index.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import { EnvelopeWork } from './envelopeWork.ts'
import type { OutcomeWriter } from './outcomeWriter.ts'
import type { RecentSubmissions } from './recentSubmissions.ts'
import type { UpstreamBind } from './upstreamBind.ts'

export interface ConnectorWorkOptions {
  connector: () => Connector
  queueName: string
  queue: Queue
  queueLeaseMs: number
  writer: OutcomeWriter
  recent: RecentSubmissions
  readCheckpoint: (envelopeId: string) => Promise<Buffer | undefined>
  removeCheckpoints: (envelopeIds: readonly string[]) => Promise<void>
  onTrouble: (what: string, error: Error) => void
}

interface Task {
  work: EnvelopeWork
  index: number
  message: EnvelopeMessage
  submitSm: ShortMessageBody
  /** Times it was throttled or lost its link in this process. */
  tries: number
  /** The last write to a socket: when, and over which bind. */
  written: { readonly atMs: number; readonly slot: number } | undefined
}

/** What may wait here before no more is received. */
const READY_SECONDS = 0.5
const READY_MIN = 50
const READY_MAX = 4_000
/** Envelopes received at once: one for a slow connector, so that another worker gets the next. */
const RECEIVE_MAX = 16
const TPS_FOR_ONE_MORE = 50
const ENVELOPE_MESSAGES_FIRST = 50
const ENVELOPE_MESSAGES_DECAY = 0.9
/** In-memory attempts after a throttle; then the message waits in the store like any other. */
const THROTTLED_TRIES = 5
const RETRY_OPEN_MS = 1_000
const DEFER_FIRST_MS = 1_000
const DEFER_CAP_MS = 300_000
/** We always ask for the final state, whatever the customer asked for (SMPP 3.4 §5.2.17). */
const REGISTERED_DELIVERY_FINAL = 1

export class ConnectorWork {
  #options: ConnectorWorkOptions
  #consumer: Consumer
  #binds: UpstreamBind[] = []
  #ready: Task[] = []
  #head = 0
  #works = new Map<string, EnvelopeWork>()
  #timer: NodeJS.Timeout | undefined
  #next = 0
  #unanswered = 0
  /** How many messages an envelope held lately, at most. */
  #perEnvelope = ENVELOPE_MESSAGES_FIRST
  /** Added up in plain numbers; metrics read them when scraped. */
  readonly counters = { submitted: 0, failed: 0, deferred: 0, resubmitted: 0 }

  constructor(options: ConnectorWorkOptions) {
    this.#options = options
    this.#consumer = new Consumer({
      queue: options.queue,
      name: options.queueName,
      leaseMs: options.queueLeaseMs,
      capacity: () => this.#capacity(),
      singly: true,
      handle: (entries) => Promise.all(entries.map((entry) => this.#take(entry))),
      onSettled: (entries) => this.#settled(entries),
      onError: options.onTrouble,
    })
  }

  setBinds(binds: UpstreamBind[]): void {
    this.#binds = binds
    this.wake()
  }

  /** Sends what can be sent now, and comes back when the next may go. */
  wake(): void {
    clearTimeout(this.#timer)
    if (!this.#hasLink() && this.#unanswered === 0) return this.#letGo()
    const nowMs = performance.now()
    let waitMs = Number.POSITIVE_INFINITY
    while (this.#head < this.#ready.length) {
      const bind = this.#freeBind(nowMs)
      if (typeof bind === 'number') {
        waitMs = bind
        break
      }
      const task = this.#ready[this.#head++]
      // A bind that refuses the message is about to report why, and that wakes us again.
      if (task && !this.#submit(bind, task, nowMs)) break
    }
    this.#compact()
    if (waitMs !== Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.wake(), waitMs)
    this.#consumer.wake()
  }

  /** Receives and sends nothing more; what is unanswered may still come in. */
  stop(): void {
    this.#consumer.stop()
    clearTimeout(this.#timer)
    this.#ready = []
    this.#head = 0
  }

  /** After stop(), once all answers are in: lets go of what was not finished. */
  async close(): Promise<void> {
    this.#letGo()
    await this.#consumer.drain()
    this.#consumer.close()
  }

  #hasLink(): boolean {
    return this.#binds.some((bind) => bind.bound)
  }

  /** Without a link others may do what we cannot: what is unfinished comes again, here or there. */
  #letGo(): void {
    this.#ready = []
    this.#head = 0
    for (const work of this.#works.values()) this.#options.writer.release(work)
  }

  #capacity(): number {
    if (!this.#hasLink()) return 0
    const { tps } = this.#options.connector()
    const limit = Math.min(READY_MAX, Math.max(READY_MIN, tps * READY_SECONDS))
    const room = limit - (this.#ready.length - this.#head)
    if (room <= 0) return 0
    const most = Math.min(RECEIVE_MAX, 1 + Math.floor(tps / TPS_FOR_ONE_MORE))
    return Math.min(most, Math.ceil(room / this.#perEnvelope))
  }

  async #take(entry: QueueEntry): Promise<Settlement> {
    let work: EnvelopeWork
    try {
      work = await this.#open(entry)
    } catch (error) {
      this.#options.onTrouble(`opening an envelope of ${entry.queue}`, asError(error))
      // Only what cannot be read is set aside; all other trouble may pass.
      if (error instanceof ContractError) return { kind: 'dead', reason: String(error) }
      return { kind: 'retry', delayMs: RETRY_OPEN_MS }
    }
    this.wake()
    return work.settlement
  }

  async #open(entry: QueueEntry): Promise<EnvelopeWork> {
    const envelope = decodeEnvelope(entry.payload)
    const { envelopeId } = envelope
    const checkpoint =
      entry.receives > 1 ? await this.#options.readCheckpoint(envelopeId) : undefined
    const work = new EnvelopeWork(envelope, checkpoint)
    this.#works.set(entry.id, work)
    const decayed = this.#perEnvelope * ENVELOPE_MESSAGES_DECAY
    this.#perEnvelope = Math.max(envelope.messages.length, decayed, 1)
    if (checkpoint) this.#options.writer.resume(work)
    for (const [index, message] of work.remaining) this.#enqueue(work, index, message)
    return work
  }

  /** One that cannot be read fails by itself; the others of its envelope go on. */
  #enqueue(work: EnvelopeWork, index: number, message: EnvelopeMessage): void {
    try {
      this.#ready.push({
        work,
        index,
        message,
        submitSm: upstreamBody(message),
        tries: 0,
        written: undefined,
      })
    } catch (error) {
      if (!(error instanceof PduError)) throw error
      const { commandStatus } = error
      const reason = `unreadable: ${error.message}`
      this.#options.writer.record(work, index, {
        kind: 'failed',
        atMs: Date.now(),
        commandStatus,
        reason,
      })
    }
  }

  #settled(entries: readonly SettledEntry[]): void {
    const done: string[] = []
    for (const { entry, settlement } of entries) {
      const work = this.#works.get(entry.id)
      if (work?.checkpointed && settlement.kind === 'done') done.push(work.envelope.envelopeId)
      this.#works.delete(entry.id)
    }
    if (done.length === 0) return
    // What stays behind is swept up later.
    this.#options
      .removeCheckpoints(done)
      .catch((error: Error) => this.#options.onTrouble('removing checkpoints', error))
  }

  /** The next bind that may send now, or how long until one may. */
  #freeBind(nowMs: number): UpstreamBind | number {
    let soonestMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.#binds.length; i++) {
      const bind = this.#binds[(this.#next + i) % this.#binds.length]
      if (!bind) continue
      const waitMs = bind.waitMs(nowMs)
      if (waitMs <= 0) {
        this.#next = (this.#next + i + 1) % this.#binds.length
        return bind
      }
      soonestMs = Math.min(soonestMs, waitMs)
    }
    return soonestMs
  }

  #submit(bind: UpstreamBind, task: Task, nowMs: number): boolean {
    // A copy: the answer to an earlier write, which may still come, keeps its own time and bind.
    const once: Task = { ...task, written: { atMs: Date.now(), slot: bind.slot } }
    const sent = bind.submit(task.submitSm, nowMs, (outcome) => this.#answered(bind, once, outcome))
    if (sent) this.#unanswered++
    else this.#again(task)
    return sent
  }

  #answered(bind: UpstreamBind, task: Task, outcome: RequestOutcome): void {
    // A late answer follows a timeout, which was counted.
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
        return ++task.tries < THROTTLED_TRIES ? this.#again(task) : this.#defer(task, commandStatus)
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

  /** The answer came after its timer: decided already, but its id may bring a receipt. */
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

  /** Nobody knows whether the SMSC took it. */
  #unknown(task: Task): void {
    if (this.#options.connector().onLinkLost === 'fail')
      return this.#fail(task, 0, 'the link was lost before the answer')
    this.counters.resubmitted++
    this.#again(task)
  }

  #fail(task: Task, commandStatus: number, reason: string): void {
    this.counters.failed++
    const outcome = { kind: 'failed', atMs: Date.now(), commandStatus, reason } as const
    this.#options.writer.record(task.work, task.index, outcome)
  }

  #defer(task: Task, commandStatus: number): void {
    const attempts = task.message.attempts + 1
    if (attempts >= this.#options.connector().maxAttempts)
      return this.#fail(task, commandStatus, `${attempts} attempts were refused`)
    this.counters.deferred++
    const atMs = Date.now()
    const dueAtMs = atMs + backOffMs(attempts, DEFER_FIRST_MS, DEFER_CAP_MS)
    this.#options.writer.record(task.work, task.index, {
      kind: 'deferred',
      atMs,
      commandStatus,
      dueAtMs,
    })
  }

  /** Back to the head of what is ready. */
  #again(task: Task): void {
    if (this.#head > 0) this.#ready[--this.#head] = task
    else this.#ready.unshift(task)
  }

  #compact(): void {
    if (this.#head === this.#ready.length) {
      this.#ready = []
      this.#head = 0
    } else if (this.#head > 1000) {
      this.#ready = this.#ready.slice(this.#head)
      this.#head = 0
    }
  }
}

type SubmittedOutcome = Extract<Outcome, { kind: 'submitted' }>

function upstreamBody(message: EnvelopeMessage): ShortMessageBody {
  const submitSm = decodeBody('submit_sm', message.body)
  return { ...submitSm, registered_delivery: REGISTERED_DELIVERY_FINAL }
}
