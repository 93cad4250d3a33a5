// The queue port: the interface that the adapter of each queue system implements. A queue delivers
// each envelope at least once and guarantees no order. An envelope is durable if the verdict of its
// publication says so. A received envelope is leased: it becomes visible again when its lease
// expires, and it leaves the queue only when it is settled as done or dead. Envelopes are never
// discarded, and an envelope does not become dead because it was received many times. Instead,
// handlers find the item (message, event or receipt) that cannot be processed, and only that item
// becomes a dead letter.

export interface Publication {
  queue: string
  payload: Buffer
  /** The number of messages or events in the payload, used only for depth figures. */
  messages: number
  /**
   * The party that caused the envelope, such as an account. A system with fair queues then lets
   * the parties take turns; other systems ignore it.
   */
  group?: string
}

/** Marks a batch as published and stores the answer that its sender received. */
export interface BatchMark {
  batchId: string
  answer: Buffer
}

export type PublishOnceOutcome =
  | { kind: 'published' }
  /** Nothing was published. These batches were published before and got these answers. */
  | { kind: 'repeated'; answers: ReadonlyMap<string, Buffer> }
  /** Nothing was published, because `notAfter` had passed. */
  | { kind: 'overdue' }

/** An envelope that was received. */
export interface QueueEntry {
  readonly id: string
  readonly queue: string
  readonly payload: Buffer
  /** How often the envelope was received, including this time. */
  readonly receives: number
}

/** The outcome of a received envelope. */
export type Settlement =
  | { kind: 'done' }
  /** The envelope becomes visible again after the delay. */
  | { kind: 'retry'; delayMs: number }
  /** The envelope becomes a dead letter, which an operator can inspect. */
  | { kind: 'dead'; reason: string }

export interface SettledEntry {
  entry: QueueEntry
  settlement: Settlement
}

/** An item that could not be processed, kept with the reason for an operator to inspect. */
export interface DeadLetter {
  queue: string
  payload: Buffer
  reason: string
  /** How often the item was received or processed before. */
  receives: number
}

/** A dead letter in the store. Ids are decimal numbers that increase with time. */
export interface StoredDeadLetter extends DeadLetter {
  id: string
  at: Date
}

/** A dead letter in the store, without its payload. */
export interface DeadLetterSummary extends Omit<StoredDeadLetter, 'payload'> {
  octets: number
}

export interface DeadLetterCount {
  queue: string
  letters: number
}

/** The size of a queue, including received envelopes that are not settled yet. */
export interface QueueDepth {
  queue: string
  envelopes: number
  /**
   * The number of messages in the envelopes. If the queue system does not store it, each envelope
   * counts as one message.
   */
  messages: number
  /** 0 if the queue system does not report the age. */
  oldestAgeSeconds: number
}

/** The outcome of one publication. */
export type PublishVerdict =
  | { kind: 'durable' }
  /** The envelope was not published. */
  | { kind: 'failed'; error: Error }
  /** The queue did not answer, so the envelope may have been published. */
  | { kind: 'unknown'; error: Error }

/**
 * A queue that recognises batches that it published before. Only the PostgreSQL adapter can do
 * this.
 */
export interface OncePublisher {
  /**
   * Publishes everything and sets the marks, or does neither, so that a retried batch is published
   * only once. A mark is kept for one hour, and longer if `maintain` is called with its batch id.
   *
   * @param notAfter the deadline by the server's clock, after which nothing is published
   */
  publishOnce(
    publications: readonly Publication[],
    marks: readonly BatchMark[],
    notAfter?: Date,
  ): Promise<PublishOnceOutcome>
}

/** The options of a subscription. */
export interface SubscribeOptions {
  leaseMs: number
  /**
   * Returns how many envelopes may be received now. If it returns 0, call wake() as soon as there
   * is capacity again.
   */
  capacity: () => number
  /**
   * A receive stops after the envelope that brings its total to this many octets. Default: no
   * limit.
   */
  maxOctets?: number
  /** The interval at which an adapter that polls looks for envelopes even without a wake-up. */
  pollIntervalMs: number
  /**
   * The minimum time between the starts of two receives, for queues where larger batches cost less
   * per message.
   */
  minIntervalMs: number
  /** Called with the envelopes of each receive. */
  take: (entries: readonly QueueEntry[]) => void
  /** Called once for each kind of failure in an outage. */
  onTrouble: (error: Error) => void
}

/** Receives envelopes from one queue until it is stopped. */
export interface Subscription {
  /** Envelopes that were passed to `take` and not yet to letGo(). */
  readonly inHand: readonly QueueEntry[]
  /** Starts receiving, or tells the subscription that there may be capacity again. */
  wake(): void
  /**
   * Must be called when this process no longer owns these envelopes, usually because they are
   * settled.
   */
  letGo(entries: readonly QueueEntry[]): void
  /** Starts no more receives. A receive in progress still passes its envelopes to `take`. */
  stop(): void
  /** Stops receiving, and resolves when `inHand` is empty. */
  drain(): Promise<void>
}

export interface Queue {
  /** Resolves with one verdict for each publication, in order; never rejects. */
  publish(publications: readonly Publication[]): Promise<readonly PublishVerdict[]>
  /** Creates a subscription that receives while there is capacity, starting at the first wake(). */
  subscribe(queue: string, options: SubscribeOptions): Subscription
  /**
   * Leases up to `max` visible envelopes, oldest first. Resolves with an empty list if no envelope
   * is visible.
   *
   * @param maxOctets the list ends with the payload that brings its total to this many octets. By
   * default, there is no limit
   */
  receive(queue: string, max: number, leaseMs: number, maxOctets?: number): Promise<QueueEntry[]>
  extend(entries: readonly QueueEntry[], leaseMs: number): Promise<void>
  settle(settled: readonly SettledEntry[]): Promise<void>
}

/** The store of dead letters. All adapters share one store. */
export interface DeadLetters {
  /** Stores dead letters, including items that were never on a queue. */
  setAside(letters: readonly DeadLetter[]): Promise<void>
  /** Reads the number of dead letters of each queue. */
  deadLetters(): Promise<DeadLetterCount[]>
  /** Reads when the oldest dead letter was stored. Undefined if there are no dead letters. */
  oldestDeadLetterAt(): Promise<Date | undefined>
  /**
   * Deletes up to `max` dead letters older than `olderThanDays`, and resolves with the number
   * deleted.
   */
  forgetDeadLetters(olderThanDays: number, max: number): Promise<number>
}

/** A dead letter that is published to its queue again. */
export interface RedrivenLetter extends Publication {
  /** The letter's id in the store of dead letters. */
  id: string
}

/**
 * Publishes dead letters again and removes them from the store. Each adapter provides this
 * function. An adapter that cannot do both in one transaction publishes first. A crash between the
 * two steps then leaves a letter in both places, so that it may be published a second time, which
 * is harmless. Resolves with the ids of the letters that were published. Letters that are no longer
 * in the store are left out.
 */
export type Redrive = (letters: readonly RedrivenLetter[]) => Promise<ReadonlySet<string>>

/** Operations on queues for operators and housekeeping. */
export interface QueueUpkeep extends DeadLetters {
  /**
   * Reads the depth of every queue that is not empty. Entries that are settled far out of order may
   * be counted for a few more minutes.
   */
  depths(): Promise<QueueDepth[]>
  /** Counts the messages on these queues, including received messages that are not settled yet. */
  messagesOn(queues: readonly string[]): Promise<number>
  /** Deletes old batch marks. Any number of processes call this every few minutes. */
  maintain(marks: MarksInUse): Promise<void>
}

/** The batches that may still be published again, so that their marks must be kept. */
export interface MarksInUse {
  keepMarksOf: readonly string[]
  /** When the list was made. Marks that were set later are kept. */
  asOf: Date
}
