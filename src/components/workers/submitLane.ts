// One lane of a connector in this process. It receives envelopes from the lane's queue while a bind
// can send, and keeps their messages ready until ConnectorWork sends them.

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
import { newerVersionSettlement } from '../newerVersion.ts'
import { decodeBody } from '../../smpp/index.ts'
import type { ShortMessageBody } from '../../smpp/index.ts'
import type { EnvelopeOwnership } from './envelopeOwnership.ts'
import { CARED_ENVELOPES, EnvelopeRotation } from './envelopeRotation.ts'
import { EnvelopeWork } from './envelopeWork.ts'
import { ExpiryTimer } from './expiryTimer.ts'
import { failureOf } from './failureOf.ts'
import type { OutcomeWriter } from './outcomeWriter.ts'
import { ReadyTasks } from './readyTasks.ts'

/** Why a message is submitted again although the SMSC may already have it. */
export const REPEAT_CAUSES = ['no_answer', 'link_lost', 'taken_over'] as const
export type RepeatCause = (typeof REPEAT_CAUSES)[number]

/** A message to send. */
export interface Task {
  lane: SubmitLane
  work: EnvelopeWork
  index: number
  message: EnvelopeMessage
  submitSm: ShortMessageBody
  /**
   * The message is not submitted after this time. Undefined only for some messages from older
   * routers.
   */
  expiresAtMs: number | undefined
  /** The failed submissions by this process so far. Undefined if there were none. */
  repeats: Repeats | undefined
  /** Why the SMSC may already have the message. Undefined if the SMSC cannot have it. */
  again: RepeatCause | undefined
  /** The time and the bind slot of the last write to a socket. */
  written: { readonly atMs: number; readonly slot: number } | undefined
}

/** Sends the messages that are ready in the lanes. */
export interface LaneSender {
  connector(): Connector
  hasLink(): boolean
  /** Whether messages are received only to purge them or move them to another connector. */
  isClearing(): boolean
  /** Whether lanes receive a few envelopes without a link, so that messages expire on time. */
  caresFor(): boolean
  /** The number of messages that wait to be sent alone on a bind. */
  readonly suspects: number
  /** Adds a message that is ready to be sent. */
  add(task: Task): void
  /** Called for a task that was removed from the lane because its message expired. */
  expire(task: Task): void
  /** Stops sending messages of this envelope, which is about to return to the queue. */
  drop(work: EnvelopeWork): void
  /** Called when a message may be ready to be sent. */
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
 * A lane stops receiving when messages for this many seconds are ready. Each lane has its own
 * limit, so that a backlog in one lane does not block another lane. A connector has three lanes, so
 * it holds at most three times as many messages.
 */
const READY_SECONDS = 0.5
const READY_MIN = 50
const READY_MAX = 4_000
/**
 * The most envelopes that are received together. For a slow connector, only one is received, so
 * that other workers receive the next one.
 */
const RECEIVE_MAX = 16
const TPS_FOR_ONE_MORE = 50
const ENVELOPE_MESSAGES_FIRST = 50
const ENVELOPE_MESSAGES_DECAY = 0.9
const RETRY_OPEN_MS = 1_000
/** A lane stops receiving while more outcomes than this wait for the database. */
const UNWRITTEN_MAX = 20_000
/** The delay before expiry is checked again while the ownership of envelopes is in doubt. */
const RETRY_EXPIRE_MS = 1_000
/** Each publish wakes its lane. Polling finds delayed entries and the entries of dead processes. */
const POLL_INTERVALS_MS: Readonly<Record<Lane, number>> = {
  high: 1_000,
  normal: 1_000,
  bulk: 5_000,
}
/** Always requests the final receipt, whatever the customer requested (SMPP 3.4 §5.2.17). */
const REGISTERED_DELIVERY_FINAL = 1

export class SubmitLane {
  #sender: LaneSender
  #options: SubmitLaneOptions
  #consumer: Consumer
  #ready = new ReadyTasks<Task>()
  #expiry = new ExpiryTimer((nowMs) => this.#expireReady(nowMs))
  /** The envelopes that this lane holds, by the id of their queue entry. */
  #works = new Map<string, EnvelopeWork>()
  /**
   * Envelopes that were claimed only so that their messages expire on time, and that are being
   * returned to the queue.
   */
  #uncared = new WeakSet<EnvelopeWork>()
  #isClosing = false
  /** The number of queue entries held, including those that are being opened. */
  #entries = 0
  #rotation = new EnvelopeRotation({
    held: () => this.#works.values(),
    inHand: () => this.#entries,
    isCaring: () => isCaring(this.#sender),
    giveBack: (work, delayMs) => this.#giveBack(work, delayMs),
  })
  /** The largest number of messages in recent envelopes. It decays with each envelope. */
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

  /** The number of messages that are ready to be sent. */
  get size(): number {
    return this.#ready.size
  }

  /** Removes and returns the next message. The caller sends it or puts it back. */
  take(): Task | undefined {
    return this.#ready.take()
  }

  /** Removes and returns the ready messages for which `isOut` is true. */
  takeOut(isOut: (task: Task) => boolean): Task[] {
    return this.#ready.takeOut(isOut)
  }

  /** Adds a message at the end of this lane. */
  add(task: Task): void {
    this.#ready.add(task)
    this.#expiry.notice(task.expiresAtMs)
  }

  /** Puts a message back at the front of this lane. */
  putBack(task: Task): void {
    this.#ready.putBack(task)
    this.#expiry.notice(task.expiresAtMs)
  }

  /** Called when there may be room for more messages, or when a link may have come up. */
  wake(): void {
    this.#rotation.consider()
    this.#consumer.wake()
  }

  /** Releases all unfinished envelopes. The queue delivers them again to any worker. */
  letGo(): void {
    this.#ready.clear()
    for (const work of this.#works.values()) this.#options.writer.release(work)
  }

  /**
   * Returns envelopes that were claimed only so that their messages expire on time. A worker then
   * receives them again and claims them for submission.
   */
  letCaredGo(): void {
    for (const work of this.#works.values())
      if (work.isOurs && !work.hasBegun && !this.#uncared.has(work)) this.#uncare(work)
  }

  #uncare(work: EnvelopeWork): void {
    this.#uncared.add(work)
    this.#giveBack(work, 0)
  }

  /** Drops all envelopes, because other processes own them now. */
  abandon(): void {
    this.#ready.clear()
    for (const work of this.#works.values()) work.lose()
  }

  /** Stops receiving and drops the ready messages. */
  stop(): void {
    this.#consumer.stop()
    this.#ready.clear()
    this.#expiry.stop()
    this.#rotation.stop()
  }

  /** Resolves when all held envelopes are settled. Called after stop() and letGo(). */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#consumer.drain()
    this.#consumer.close()
  }

  #capacity(): number {
    if (!this.#options.ownership.isHeld(performance.now())) return 0
    // Messages that are purged or moved do not stay ready, so the limit applies to held entries.
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
      // Only an unreadable envelope is set aside, because any other error may be temporary.
      if (error instanceof WireError) return { kind: 'dead', reason: String(error) }
      return newerVersionSettlement(error) ?? { kind: 'retry', delayMs: RETRY_OPEN_MS }
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

  /**
   * Throws if the checkpoint is unreadable. The envelope is then left to other workers, because a
   * newer version of Signalbox may be able to read the checkpoint.
   */
  #workOf(envelope: Envelope, claim: ClaimedEnvelope): EnvelopeWork {
    try {
      return new EnvelopeWork(envelope, claim)
    } catch (cause) {
      this.#options.ownership.letGo(envelope.envelopeId, true)
      throw new Error(`the checkpoint of ${envelope.envelopeId} cannot be read`, { cause })
    }
  }

  /** Makes one message ready. If the message is unreadable, only that message fails. */
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
        reason: `the message is unreadable: ${reason}`,
      })
    }
  }

  /** Ends the ready messages that have expired. Returns when the next ready message expires. */
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
    // The checkpoint already says that all messages are done. This call only makes the stored state
    // smaller.
    this.#options
      .finishEnvelopes(done)
      .catch((error: Error) => this.#options.onTrouble('finishing envelopes', error))
  }
}

/** Whether messages are held here only to expire on time or to wait for a link. */
function isCaring(sender: LaneSender): boolean {
  return !sender.hasLink() && !sender.isClearing() && sender.caresFor()
}

/**
 * Returns why the SMSC may already have the message: an earlier owner of the envelope may have sent
 * the message.
 */
function againOf(work: EnvelopeWork, index: number): RepeatCause | undefined {
  if (work.isTakenOver) return 'taken_over'
  return work.unanswered(index) > 0 ? 'link_lost' : undefined
}

/** Whether the message has expired. Expiry follows the wall clock, so `nowMs` is in epoch ms. */
export function isOver({ expiresAtMs }: Task, nowMs: number): boolean {
  return expiresAtMs !== undefined && nowMs >= expiresAtMs
}

/** When a message from an older router expires. Such a router did not set `expiresAtMs`. */
function endInBody(submitSm: ShortMessageBody, message: EnvelopeMessage): number | undefined {
  const end = endOfLife(submitSm.validity_period, message.acceptedAtMs)
  return end.kind === 'at' ? end.atMs : undefined
}

function upstreamBody(message: EnvelopeMessage): ShortMessageBody {
  const submitSm = decodeBody('submit_sm', message.body)
  return { ...submitSm, registered_delivery: REGISTERED_DELIVERY_FINAL }
}
