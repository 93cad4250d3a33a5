// The queue port carries envelopes, each at least once, in no promised order. A publication is
// durable when its verdict says so. A received envelope is leased: it is delivered again when its
// lease expires, and it leaves the queue only when it is settled as done or dead. Nothing is
// dropped, and no number of receives makes an envelope dead: a handler finds the one item that
// cannot be processed, and only that item becomes a dead letter.

export interface Publication {
  queue: string
  payload: Buffer
  /** How many messages or events the payload holds; for depth figures only. */
  messages: number
}

/** Marks a batch as published, together with the answer that its sender got. */
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
  /** How often it was received, this time included. */
  readonly receives: number
}

/** What happens to a received envelope. */
export type Settlement =
  | { kind: 'done' }
  /** It becomes visible again after the delay. */
  | { kind: 'retry'; delayMs: number }
  /** It is set aside, with the reason, for a person to look at. */
  | { kind: 'dead'; reason: string }

export interface SettledEntry {
  entry: QueueEntry
  settlement: Settlement
}

/** An item that is set aside for a person to look at, with the reason. */
export interface DeadLetter {
  queue: string
  payload: Buffer
  reason: string
  /** How often it was received or looked at before. */
  receives: number
}

export interface DeadLetterCount {
  queue: string
  letters: number
}

/** How much lies on a queue; what consumers have in hand counts too. */
export interface QueueDepth {
  queue: string
  envelopes: number
  messages: number
  oldestAgeSeconds: number
}

/** What became of one publication. */
export type PublishVerdict =
  | { kind: 'durable' }
  /** It was not published. */
  | { kind: 'failed'; error: Error }
  /** It may have been published: the queue did not answer. */
  | { kind: 'unknown'; error: Error }

/** A queue that recognises a batch which it published before. Only PostgreSQL can. */
export interface OncePublisher {
  /**
   * Publishes all or nothing, with the marks, so that a batch that is retried appears once. A mark
   * lives for an hour after it was set, and longer where `maintain` is told so.
   *
   * @param notAfter the deadline, by the server's clock; a later call publishes nothing
   */
  publishOnce(
    publications: readonly Publication[],
    marks: readonly BatchMark[],
    notAfter?: Date,
  ): Promise<PublishOnceOutcome>
}

/** How a subscriber wants its envelopes. */
export interface SubscribeOptions {
  leaseMs: number
  /** How many envelopes may be received now. After 0, `wake` asks again. */
  capacity: () => number
  /** A receive ends with the envelope that reaches this sum of octets; unlimited by default. */
  maxOctets?: number
  /** How often the queue is looked at without a wake-up, where it is polled at all. */
  pollIntervalMs: number
  /** The rest between the starts of two receives, where larger batches cost less per message. */
  minIntervalMs: number
  /** Takes over envelopes that were received. */
  take: (entries: readonly QueueEntry[]) => void
  /** Called once for each kind of failure in an outage. */
  onTrouble: (error: Error) => void
}

/** Receives from one queue for as long as it is wanted. */
export interface Subscription {
  /** Envelopes that were taken and not let go of. */
  readonly inHand: readonly QueueEntry[]
  /** There may be capacity again. */
  wake(): void
  /** These envelopes were settled, or belong to others by now. */
  letGo(entries: readonly QueueEntry[]): void
  /** Receives nothing more. A receive in progress still hands over what it gets. */
  stop(): void
  /** Receives nothing more and resolves when nothing is in hand. */
  drain(): Promise<void>
}

export interface Queue {
  /** Resolves with one verdict for each publication, in order; never rejects. */
  publish(publications: readonly Publication[]): Promise<readonly PublishVerdict[]>
  /** Hands over envelopes as they come, as long as there is capacity, from the first wake() on. */
  subscribe(queue: string, options: SubscribeOptions): Subscription
  /**
   * Leases up to `max` visible envelopes, oldest first. The list is empty if none is visible.
   *
   * @param maxOctets the list ends with the payload that reaches this sum; unlimited by default
   */
  receive(queue: string, max: number, leaseMs: number, maxOctets?: number): Promise<QueueEntry[]>
  extend(entries: readonly QueueEntry[], leaseMs: number): Promise<void>
  settle(settled: readonly SettledEntry[]): Promise<void>
}

/** What operators and housekeeping need of the queues, beside the flow of messages. */
export interface QueueUpkeep {
  /** Sets items aside that were never published here, such as a receipt without a message. */
  setAside(letters: readonly DeadLetter[]): Promise<void>
  /**
   * The depth of every queue that is not empty. If entries are settled far out of order, they may
   * count for some minutes more.
   */
  depths(): Promise<QueueDepth[]>
  /** Messages that lie on these queues; what consumers have in hand counts too. */
  messagesOn(queues: readonly string[]): Promise<number>
  /** How many items of each queue are set aside. */
  deadLetters(): Promise<DeadLetterCount[]>
  /** When the oldest item was set aside; undefined if none is. */
  oldestDeadLetterAt(): Promise<Date | undefined>
  /** Forgets up to `max` items that were set aside longer ago than this; returns how many. */
  forgetDeadLetters(olderThanDays: number, max: number): Promise<number>
  /** Housekeeping, every few minutes from any number of processes. */
  maintain(marks: MarksInUse): Promise<void>
}

/** Batches that may still be published again, however long ago they were published. */
export interface MarksInUse {
  keepMarksOf: readonly string[]
  /** When the list was made. Marks that were set later are not judged by it. */
  asOf: Date
}
