// One lane of a connector in this process. It takes envelopes from the lane's queue while a bind
// could send, and keeps their messages ready until the connector's work sends them.

import { decodeEnvelope, submitQueue } from '../../queue/envelopeWire.ts'
import { endOfLife } from '../../message/endOfLife.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import type { Lane } from '../../message/lane.ts'
import { WireError } from '../../message/msgpackWire.ts'
import type { Connector } from '../../platform/connector.ts'
import { asError } from '../../flow/asError.ts'
import { Consumer } from '../../queue/consumer.ts'
import type { Queue, QueueEntry, SettledEntry, Settlement } from '../../queue/queue.ts'
import { decodeBody, PduError } from '../../smpp/index.ts'
import type { ShortMessageBody } from '../../smpp/index.ts'
import { EnvelopeWork } from './envelopeWork.ts'
import { ExpiryTimer } from './expiryTimer.ts'
import type { OutcomeWriter } from './outcomeWriter.ts'
import { ReadyTasks } from './readyTasks.ts'

/** A message to be sent. */
export interface Task {
  lane: SubmitLane
  work: EnvelopeWork
  index: number
  message: EnvelopeMessage
  submitSm: ShortMessageBody
  /** It is not submitted after this; undefined only for some messages of older routers. */
  expiresAtMs: number | undefined
  /** Times it was throttled or lost its link in this process. */
  tries: number
  /** The last write to a socket: when, and over which bind. */
  written: { readonly atMs: number; readonly slot: number } | undefined
}

/** Sends the messages that its lanes have ready. */
export interface LaneSender {
  connector(): Connector
  hasLink(): boolean
  /** Messages are received to leave a connector that is disabled. */
  isClearing(): boolean
  /** Something may be ready to be sent. */
  wake(): void
  /** The task was taken out: its message's life is over. */
  expire(task: Task): void
}

export interface SubmitLaneOptions {
  queue: Queue
  queueLeaseMs: number
  writer: OutcomeWriter
  readCheckpoint: (envelopeId: string) => Promise<Buffer | undefined>
  removeCheckpoints: (envelopeIds: readonly string[]) => Promise<void>
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
  #works = new Map<string, EnvelopeWork>()
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

  /** All messages that are ready. */
  takeAll(): Task[] {
    return this.#ready.takeOut(() => true)
  }

  /** Puts a message back in front of all others of this lane. */
  putBack(task: Task): void {
    this.#ready.putBack(task)
    this.#expiry.notice(task.expiresAtMs ?? Number.POSITIVE_INFINITY)
  }

  /** There may be room again, or a link. */
  wake(): void {
    this.#consumer.wake()
  }

  /** Leaves all that is unfinished to others: it comes again, here or there. */
  letGo(): void {
    this.#ready.clear()
    for (const work of this.#works.values()) this.#options.writer.release(work)
  }

  /** Receives nothing more and has nothing ready. */
  stop(): void {
    this.#consumer.stop()
    this.#ready.clear()
    this.#expiry.stop()
  }

  /** After stop() and letGo(): resolves when all that was in hand is settled. */
  async close(): Promise<void> {
    await this.#consumer.drain()
    this.#consumer.close()
  }

  #capacity(): number {
    // Messages that leave a disabled connector are not kept ready, so what counts is in hand.
    if (this.#sender.isClearing()) return Math.max(0, RECEIVE_MAX - this.#works.size)
    if (!this.#sender.hasLink()) return 0
    const { tps } = this.#sender.connector()
    const limit = Math.min(READY_MAX, Math.max(READY_MIN, tps * READY_SECONDS))
    const room = limit - this.size
    if (room <= 0) return 0
    const most = Math.min(RECEIVE_MAX, 1 + Math.floor(tps / TPS_FOR_ONE_MORE))
    return Math.min(most, Math.ceil(room / this.#perEnvelope))
  }

  async #open(entry: QueueEntry): Promise<Settlement> {
    let work: EnvelopeWork
    try {
      work = await this.#workOn(entry)
    } catch (error) {
      this.#options.onTrouble(`opening an envelope of ${entry.queue}`, asError(error))
      // Only an unreadable envelope is set aside; all other trouble may pass.
      if (error instanceof WireError) return { kind: 'dead', reason: String(error) }
      return { kind: 'retry', delayMs: RETRY_OPEN_MS }
    }
    this.#sender.wake()
    return work.settlement
  }

  async #workOn(entry: QueueEntry): Promise<EnvelopeWork> {
    const envelope = decodeEnvelope(entry.payload)
    const { envelopeId } = envelope
    const checkpoint =
      entry.receives > 1 ? await this.#options.readCheckpoint(envelopeId) : undefined
    const work = new EnvelopeWork(envelope, checkpoint)
    this.#works.set(entry.id, work)
    const decayed = this.#perEnvelope * ENVELOPE_MESSAGES_DECAY
    this.#perEnvelope = Math.max(envelope.messages.length, decayed, 1)
    if (checkpoint) this.#options.writer.resume(work)
    for (const [index, message] of work.remaining) this.#makeReady(work, index, message)
    return work
  }

  /** A message that cannot be read fails by itself; the others of its envelope go on. */
  #makeReady(work: EnvelopeWork, index: number, message: EnvelopeMessage): void {
    try {
      const submitSm = upstreamBody(message)
      const expiresAtMs = message.expiresAtMs ?? endInBody(submitSm, message)
      const once = { tries: 0, written: undefined }
      this.#ready.add({ lane: this, work, index, message, submitSm, expiresAtMs, ...once })
      this.#expiry.notice(expiresAtMs ?? Number.POSITIVE_INFINITY)
    } catch (error) {
      if (!(error instanceof PduError)) throw error
      const { commandStatus } = error
      const reason = `unreadable: ${error.message}`
      const outcome = { kind: 'failed', atMs: Date.now(), commandStatus, reason } as const
      this.#options.writer.record(work, index, outcome)
    }
  }

  /** Answers when the next of those that are ready ends. */
  #expireReady(nowMs: number): number {
    for (const task of this.#ready.takeOut((one) => isOver(one, nowMs))) this.#sender.expire(task)
    this.#consumer.wake()
    let firstMs = Number.POSITIVE_INFINITY
    for (const { expiresAtMs = firstMs } of this.#ready) firstMs = Math.min(firstMs, expiresAtMs)
    return firstMs
  }

  #settled(entries: readonly SettledEntry[]): void {
    const done: string[] = []
    for (const { entry, settlement } of entries) {
      const work = this.#works.get(entry.id)
      if (work?.checkpointed && settlement.kind === 'done') done.push(work.envelope.envelopeId)
      this.#works.delete(entry.id)
    }
    if (done.length === 0) return
    // Checkpoints that stay behind are swept up later.
    this.#options
      .removeCheckpoints(done)
      .catch((error: Error) => this.#options.onTrouble('removing checkpoints', error))
  }
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
