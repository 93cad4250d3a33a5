// One lane of a connector in this process. It takes envelopes from the lane's queue while a bind
// could send, and keeps their messages ready until the connector's work sends them.

import type { ClaimedEnvelope } from '../../message/checkpointTable.ts'
import { decodeEnvelope, type Envelope, submitQueue } from '../../queue/envelopeWire.ts'
import { endOfLife } from '../../message/endOfLife.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import type { Lane } from '../../message/lane.ts'
import type { Repeats } from '../../message/repeats.ts'
import { WireError } from '../../message/msgpackWire.ts'
import type { Connector } from '../../platform/connector.ts'
import { asError } from '../../flow/asError.ts'
import { Consumer } from '../../queue/consumer.ts'
import type { Queue, QueueEntry, SettledEntry, Settlement } from '../../queue/queue.ts'
import { decodeBody } from '../../smpp/index.ts'
import type { ShortMessageBody } from '../../smpp/index.ts'
import type { EnvelopeOwnership } from './envelopeOwnership.ts'
import { CARED_ENVELOPES, EnvelopeRotation } from './envelopeRotation.ts'
import { EnvelopeWork } from './envelopeWork.ts'
import { ExpiryTimer } from './expiryTimer.ts'
import { failureOf } from './failureOf.ts'
import type { OutcomeWriter } from './outcomeWriter.ts'
import { ReadyTasks } from './readyTasks.ts'

/** Why a message is submitted again although the SMSC may have it. */
export const REPEAT_CAUSES = ['no_answer', 'link_lost', 'taken_over'] as const
export type RepeatCause = (typeof REPEAT_CAUSES)[number]

/** A message to be sent. */
export interface Task {
  lane: SubmitLane
  work: EnvelopeWork
  index: number
  message: EnvelopeMessage
  submitSm: ShortMessageBody
  /** It is not submitted after this; undefined only for some messages of older routers. */
  expiresAtMs: number | undefined
  /** Its submissions in this process that were not the last; undefined before the second. */
  repeats: Repeats | undefined
  /** Why the next submission may be a second one. */
  again: RepeatCause | undefined
  /** The last write to a socket: when, and over which bind. */
  written: { readonly atMs: number; readonly slot: number } | undefined
}

/** Sends the messages that its lanes have ready. */
export interface LaneSender {
  connector(): Connector
  hasLink(): boolean
  /** Whether messages are received to leave a connector that is disabled. */
  isClearing(): boolean
  /** Whether lanes receive a few envelopes without a link, so that messages expire in time. */
  caresFor(): boolean
  /** Messages that wait to be sent alone. */
  readonly suspects: number
  /** Takes over a message that is ready. */
  add(task: Task): void
  /** The task was taken out: its message's life is over. */
  expire(task: Task): void
  /** The envelope is about to go back: nothing more of it is sent. */
  drop(work: EnvelopeWork): void
  /** Something may be ready to be sent. */
  wake(): void
}

export interface SubmitLaneOptions {
  queue: Queue
  queueLeaseMs: number
  writer: OutcomeWriter
  ownership: Pick<EnvelopeOwnership, 'claim' | 'isHeld' | 'letGo' | 'retryHeldMs'>
  finishEnvelopes: (envelopeIds: readonly string[]) => Promise<void>
  onTrouble: (what: string, error: Error) => void
}

/**
 * Messages that may be ready in one lane before it receives no more. Each lane has this room for
 * itself, so that a backlog in one keeps no other from being received; a connector holds three
 * times as much at most.
 */
const READY_SECONDS = 0.5
const READY_MIN = 50
const READY_MAX = 4_000
/** Envelopes received at once: one for a slow connector, so that another worker gets the next. */
const RECEIVE_MAX = 16
const TPS_FOR_ONE_MORE = 50
const ENVELOPE_MESSAGES_FIRST = 50
const ENVELOPE_MESSAGES_DECAY = 0.9
const RETRY_OPEN_MS = 1_000
/** Outcomes that wait for the database before a lane receives no more. */
const UNWRITTEN_MAX = 20_000
/** What ends while its owner is in doubt is looked at again then. */
const RETRY_EXPIRE_MS = 1_000
/** Each publish wakes its lane. The poll finds delayed entries and those of a dead process. */
const POLL_INTERVALS_MS: Readonly<Record<Lane, number>> = {
  high: 1_000,
  normal: 1_000,
  bulk: 5_000,
}
/** We always ask for the final state, whatever the customer asked for (SMPP 3.4 §5.2.17). */
const REGISTERED_DELIVERY_FINAL = 1

export class SubmitLane {
  #sender: LaneSender
  #options: SubmitLaneOptions
  #consumer: Consumer
  #ready = new ReadyTasks<Task>()
  #expiry = new ExpiryTimer((nowMs) => this.#expireReady(nowMs))
  /** By the id of the queue's entry. */
  #works = new Map<string, EnvelopeWork>()
  /** On their way back, but still in hand until the queue has them. */
  #uncared = new WeakSet<EnvelopeWork>()
  #isClosing = false
  /** Entries of the queue in hand, those that are being opened too. */
  #entries = 0
  #rotation = new EnvelopeRotation({
    held: () => this.#works.values(),
    inHand: () => this.#entries,
    isCaring: () => isCaring(this.#sender),
    giveBack: (work, delayMs) => this.#giveBack(work, delayMs),
  })
  /** The most messages that an envelope held lately. */
  #perEnvelope = ENVELOPE_MESSAGES_FIRST

  constructor(lane: Lane, sender: LaneSender, options: SubmitLaneOptions) {
    this.#sender = sender
    this.#options = options
    this.#consumer = new Consumer({
      queue: options.queue,
      name: submitQueue(sender.connector().id, lane),
      leaseMs: options.queueLeaseMs,
      pollIntervalMs: POLL_INTERVALS_MS[lane],
      capacity: () => this.#capacity(),
      singly: true,
      handle: (entries) => Promise.all(entries.map((entry) => this.#open(entry))),
      onSettled: (entries) => this.#settled(entries),
      onError: options.onTrouble,
    })
  }

  /** Messages that are ready to be sent. */
  get size(): number {
    return this.#ready.size
  }

  /** The next message, which its taker sends or puts back. */
  take(): Task | undefined {
    return this.#ready.take()
  }

  /** Those of its ready messages that `isOut` names. */
  takeOut(isOut: (task: Task) => boolean): Task[] {
    return this.#ready.takeOut(isOut)
  }

  /** Adds a message behind all others of this lane. */
  add(task: Task): void {
    this.#ready.add(task)
    this.#expiry.notice(task.expiresAtMs)
  }

  /** Puts a message back in front of all others of this lane. */
  putBack(task: Task): void {
    this.#ready.putBack(task)
    this.#expiry.notice(task.expiresAtMs)
  }

  /** There may be room again, or a link. */
  wake(): void {
    this.#rotation.consider()
    this.#consumer.wake()
  }

  /** Leaves all that is unfinished to others: it comes again, here or there. */
  letGo(): void {
    this.#ready.clear()
    for (const work of this.#works.values()) this.#options.writer.release(work)
  }

  /** What was only looked after comes again, to be submitted. */
  letCaredGo(): void {
    for (const work of this.#works.values())
      if (work.isOurs && !work.hasBegun && !this.#uncared.has(work)) this.#uncare(work)
  }

  #uncare(work: EnvelopeWork): void {
    this.#uncared.add(work)
    this.#giveBack(work, 0)
  }

  /** Everything in hand belongs to others by now. Nothing more of it is sent or kept. */
  abandon(): void {
    this.#ready.clear()
    for (const work of this.#works.values()) work.lose()
  }

  /** Receives nothing more and has nothing ready. */
  stop(): void {
    this.#consumer.stop()
    this.#ready.clear()
    this.#expiry.stop()
    this.#rotation.stop()
  }

  /** After stop() and letGo(): resolves when all that was in hand is settled. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#consumer.drain()
    this.#consumer.close()
  }

  #capacity(): number {
    if (!this.#options.ownership.isHeld(performance.now())) return 0
    // Messages that leave a disabled connector are not kept ready, so what counts is in hand.
    if (this.#sender.isClearing()) return Math.max(0, RECEIVE_MAX - this.#entries)
    if (!this.#sender.hasLink())
      return this.#sender.caresFor() ? Math.max(0, CARED_ENVELOPES - this.#entries) : 0
    const { tps } = this.#sender.connector()
    const limit = Math.min(READY_MAX, Math.max(READY_MIN, tps * READY_SECONDS))
    const room = limit - this.size - this.#sender.suspects
    if (room <= 0 || this.#options.writer.waiting > UNWRITTEN_MAX) return 0
    const most = Math.min(RECEIVE_MAX, 1 + Math.floor(tps / TPS_FOR_ONE_MORE))
    return Math.min(most, Math.ceil(room / this.#perEnvelope))
  }

  async #open(entry: QueueEntry): Promise<Settlement> {
    this.#entries++
    try {
      return await this.#workOn(entry)
    } catch (error) {
      this.#options.onTrouble(`opening an envelope of ${entry.queue}`, asError(error))
      // Only an unreadable envelope is set aside; all other trouble may pass.
      if (error instanceof WireError) return { kind: 'dead', reason: String(error) }
      return { kind: 'retry', delayMs: RETRY_OPEN_MS }
    }
  }

  async #workOn(entry: QueueEntry): Promise<Settlement> {
    const envelope = decodeEnvelope(entry.payload)
    const { envelopeId } = envelope
    const { ownership, writer } = this.#options
    const claim = await ownership.claim(envelopeId, this.#sender.hasLink())
    if (claim.kind === 'finished') return { kind: 'done' }
    if (claim.kind === 'held') return { kind: 'retry', delayMs: ownership.retryHeldMs }
    const work = this.#workOf(envelope, claim)
    this.#works.set(entry.id, work)
    const decayed = this.#perEnvelope * ENVELOPE_MESSAGES_DECAY
    this.#perEnvelope = Math.max(envelope.messages.length, decayed, 1)
    if (work.outcomes().length > 0) writer.resume(work)
    if (this.#isClosing) writer.release(work)
    else for (const [index, message] of work.remaining) this.#makeReady(work, index, message)
    this.#rotation.consider()
    this.#sender.wake()
    return work.settlement
  }

  /** A checkpoint that cannot be read is none of the envelope's: a newer version may read it. */
  #workOf(envelope: Envelope, claim: ClaimedEnvelope): EnvelopeWork {
    try {
      return new EnvelopeWork(envelope, claim)
    } catch (cause) {
      this.#options.ownership.letGo(envelope.envelopeId, true)
      throw new Error(`the checkpoint of ${envelope.envelopeId} cannot be read`, { cause })
    }
  }

  /** A message that cannot be read fails by itself; the others of its envelope go on. */
  #makeReady(work: EnvelopeWork, index: number, message: EnvelopeMessage): void {
    try {
      const submitSm = upstreamBody(message)
      const again = againOf(work, index)
      const expiresAtMs = message.expiresAtMs ?? endInBody(submitSm, message)
      const task = { lane: this, work, index, message, submitSm, expiresAtMs, again }
      this.#sender.add({ ...task, repeats: undefined, written: undefined })
    } catch (error) {
      const { commandStatus, reason } = failureOf(error)
      this.#options.writer.record(work, index, {
        kind: 'failed',
        atMs: Date.now(),
        commandStatus,
        reason: `unreadable: ${reason}`,
      })
    }
  }

  /** Answers when the next of those that are ready ends. */
  #expireReady(nowMs: number): number {
    if (!this.#options.ownership.isHeld(performance.now())) return nowMs + RETRY_EXPIRE_MS
    for (const task of this.#ready.takeOut((one) => isOver(one, nowMs))) this.#sender.expire(task)
    this.#consumer.wake()
    let firstMs = Number.POSITIVE_INFINITY
    for (const { expiresAtMs = firstMs } of this.#ready) firstMs = Math.min(firstMs, expiresAtMs)
    return firstMs
  }

  #giveBack(work: EnvelopeWork, delayMs: number): void {
    this.#ready.takeOut((task) => task.work === work)
    this.#sender.drop(work)
    this.#options.writer.release(work, delayMs)
  }

  #settled(entries: readonly SettledEntry[]): void {
    this.#entries -= entries.length
    const done: string[] = []
    for (const { entry, settlement } of entries) {
      const work = this.#works.get(entry.id)
      if (!work) continue
      const { envelopeId } = work.envelope
      if (settlement.kind !== 'retry') done.push(envelopeId)
      this.#options.ownership.letGo(envelopeId, settlement.kind === 'retry')
      this.#works.delete(entry.id)
    }
    if (done.length === 0) return
    // Until then its checkpoint says the same, at greater length.
    this.#options
      .finishEnvelopes(done)
      .catch((error: Error) => this.#options.onTrouble('finishing envelopes', error))
  }
}

/** Whether messages only wait for a link here, or for their end. */
function isCaring(sender: LaneSender): boolean {
  return !sender.hasLink() && !sender.isClearing() && sender.caresFor()
}

/** What its former owner, or this process before it let go, may have submitted already. */
function againOf(work: EnvelopeWork, index: number): RepeatCause | undefined {
  if (work.isTakenOver) return 'taken_over'
  return work.unanswered(index) > 0 ? 'link_lost' : undefined
}

/** Whether it must not be submitted any more. Validity is a time of the calendar. */
export function isOver({ expiresAtMs }: Task, nowMs: number): boolean {
  return expiresAtMs !== undefined && nowMs >= expiresAtMs
}

/** For messages that a router of an older version admitted. */
function endInBody(submitSm: ShortMessageBody, message: EnvelopeMessage): number | undefined {
  const end = endOfLife(submitSm.validity_period, message.acceptedAtMs)
  return end.kind === 'at' ? end.atMs : undefined
}

function upstreamBody(message: EnvelopeMessage): ShortMessageBody {
  const submitSm = decodeBody('submit_sm', message.body)
  return { ...submitSm, registered_delivery: REGISTERED_DELIVERY_FINAL }
}
