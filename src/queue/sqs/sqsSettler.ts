import { slicesWithin } from '../../flow/slicesWithin.ts'
import type { DeadLetters, QueueEntry, SettledEntry } from '../queue.ts'
import { BATCH_ENTRIES_MAX, type Batch, type BatchSender } from './batchSender.ts'
import type { HeldMessage, ReceiptHandles } from './receiptHandles.ts'
import type { SqsError } from './sqsError.ts'
import type { SqsRequests } from './sqsRequests.ts'

/**
 * A message can be invisible for 12 hours after it was received, however often that is extended
 * (SQS API Reference, ChangeMessageVisibility).
 */
const INVISIBLE_MAX_MS = 12 * 60 * 60_000
const TIMEOUT_MS = 10_000
const ENTRY_LIMITS = { items: BATCH_ENTRIES_MAX, octets: Number.POSITIVE_INFINITY }

export interface SettlerOptions {
  readonly setAside: DeadLetters['setAside']
  readonly now: () => number
}

interface Change {
  readonly queue: string
  readonly held: HeldMessage
  /** How long the message stays invisible from now on. Undefined if it is to be deleted. */
  readonly invisibleMs?: number
}

/**
 * Settles envelopes and extends their leases, with the newest handle of each message. An envelope
 * whose lease has ended counts as gone and is not an error: it is received again, here or by
 * another process.
 */
export class SqsSettler {
  #requests: SqsRequests
  #batches: BatchSender
  #handles: ReceiptHandles
  #options: SettlerOptions

  constructor(
    requests: SqsRequests,
    batches: BatchSender,
    handles: ReceiptHandles,
    options: SettlerOptions,
  ) {
    this.#requests = requests
    this.#batches = batches
    this.#handles = handles
    this.#options = options
  }

  /** Rejects if an envelope could not be settled. The caller then settles all of them again. */
  async settle(settled: readonly SettledEntry[]): Promise<void> {
    const finished = settled.filter(({ settlement }) => settlement.kind !== 'dead')
    const outcomes = await Promise.allSettled([
      this.#apply(finished),
      this.#settleDead(settled.filter(({ settlement }) => settlement.kind === 'dead')),
    ])
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed) throw failed.reason
    for (const { entry } of settled) this.#handles.forget(entry.id)
  }

  async extend(entries: readonly QueueEntry[], leaseMs: number): Promise<void> {
    const changes = entries.flatMap(({ id, queue }) => {
      const held = this.#handles.of(id)
      if (!held || held.isSettled || held.isLost) return []
      const invisibleMs = Math.min(leaseMs, this.#invisibleMaxMs(held))
      return invisibleMs > 0 ? [{ queue, held, invisibleMs }] : []
    })
    const markLost = ({ held }: Change) => void (held.isLost = true)
    await this.#send(changes, { done: () => undefined, gone: markLost })
    for (const { id } of entries) this.#handles.extended(id, leaseMs)
  }

  /** The letters are stored first, so that no envelope is lost if the process dies in between. */
  async #settleDead(dead: readonly SettledEntry[]): Promise<void> {
    const letters = dead.flatMap(({ entry, settlement }) => {
      const { payload, queue, receives } = entry
      const isStored = this.#handles.of(entry.id)?.isSetAside
      if (isStored || settlement.kind !== 'dead') return []
      return [{ queue, payload, receives, reason: settlement.reason }]
    })
    if (letters.length > 0) await this.#options.setAside(letters)
    for (const { entry } of dead) {
      const held = this.#handles.of(entry.id)
      if (held) held.isSetAside = true
    }
    await this.#apply(dead)
  }

  #changeOf({ entry, settlement }: SettledEntry): Change[] {
    const { id, queue } = entry
    const held = this.#handles.of(id)
    if (!held) this.#requests.figures.gone++
    if (!held || held.isSettled) return []
    if (settlement.kind !== 'retry') return [{ queue, held }]
    const invisibleMs = Math.min(settlement.delayMs, this.#invisibleMaxMs(held))
    return [{ queue, held, invisibleMs: Math.max(0, invisibleMs) }]
  }

  /** A second is left for the way to SQS, which refuses a change that exceeds the maximum. */
  #invisibleMaxMs({ receivedAtMs }: HeldMessage): number {
    return receivedAtMs + INVISIBLE_MAX_MS - 1_000 - this.#options.now()
  }

  async #apply(settled: readonly SettledEntry[]): Promise<void> {
    const changes = settled.flatMap((one) => this.#changeOf(one))
    const markSettled = ({ held }: Change) => void (held.isSettled = true)
    await this.#send(changes, { done: markSettled, gone: markSettled })
  }

  /** Rejects with the first error, after every change was tried. */
  async #send(changes: readonly Change[], outcome: Outcome): Promise<void> {
    const deadlineMs = this.#options.now() + TIMEOUT_MS
    const groups = Map.groupBy(changes, ({ invisibleMs, queue }) =>
      JSON.stringify([queue, invisibleMs === undefined]),
    )
    const sends = [...groups.values()].flatMap((group) =>
      slicesWithin(group, ENTRY_LIMITS, () => 0).map((slice) =>
        this.#sendSlice(slice, outcome, deadlineMs),
      ),
    )
    const errors = (await Promise.all(sends)).flat()
    if (errors[0]) throw errors[0]
  }

  /** All changes of a slice are on the same queue and of the same kind. */
  async #sendSlice(
    changes: readonly Change[],
    outcome: Outcome,
    deadlineMs: number,
  ): Promise<SqsError[]> {
    const undone = await this.#batches.send(this.#batchOf(changes, deadlineMs))
    const errors = new Map(undone.map(({ error, item }) => [item, error]))
    for (const change of changes) {
      const error = errors.get(change)
      if (!error) outcome.done(change)
      if (!error || !isGone(error)) continue
      this.#requests.figures.gone++
      outcome.gone(change)
      errors.delete(change)
    }
    return [...errors.values()]
  }

  #batchOf(changes: readonly Change[], deadlineMs: number): Batch<Change> {
    const queue = changes[0]?.queue ?? ''
    const batch = { queue, items: changes, createsQueue: false, deadlineMs }
    if (changes[0]?.invisibleMs === undefined)
      return {
        ...batch,
        action: 'DeleteMessageBatch',
        send: (url, items, timeoutMs) => this.#requests.delete(url, items.map(deletion), timeoutMs),
      }
    return {
      ...batch,
      action: 'ChangeMessageVisibilityBatch',
      send: (url, items, timeoutMs) =>
        this.#requests.changeVisibility(url, items.map(visibility), timeoutMs),
    }
  }
}

interface Outcome {
  done(change: Change): void
  gone(change: Change): void
}

/** SQS refuses an entry whose lease has ended, or the whole request if the queue was deleted. */
function isGone({ kind }: SqsError): boolean {
  return kind === 'entryRefused' || kind === 'noQueue'
}

function deletion({ held }: Change, index: number) {
  return { Id: String(index), ReceiptHandle: held.handle }
}

function visibility({ held, invisibleMs = 0 }: Change, index: number) {
  const VisibilityTimeout = Math.ceil(invisibleMs / 1_000)
  return { Id: String(index), ReceiptHandle: held.handle, VisibilityTimeout }
}
