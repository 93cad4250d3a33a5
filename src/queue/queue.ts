// The queue port: envelopes, at least once, in no promised order. Publishing is durable when the
// promise resolves. What is received is leased: it comes again when its lease runs out, and is gone
// only when it is settled as done or dead. Nothing is dropped, and receive counts never kill:
// handlers find the one item that does harm and set only that aside.

export interface Publication {
  queue: string
  payload: Buffer
  /** How many messages or events the payload holds; for depth figures only. */
  messages: number
}

/** Marks a batch as published, with what its sender was answered. */
export interface BatchMark {
  batchId: string
  answer: Buffer
}

export type PublishOnceOutcome =
  | { kind: 'published' }
  /** Nothing was published: these batches had been before, and got these answers. */
  | { kind: 'repeated'; answers: ReadonlyMap<string, Buffer> }

export interface Delivery {
  readonly id: string
  readonly queue: string
  readonly payload: Buffer
  /** 1 the first time. */
  readonly receives: number
}

export type QueueVerdict =
  | { kind: 'done' }
  /** Make it visible again after a while. */
  | { kind: 'retry'; delayMs: number }
  /** Set it aside for a person to look at, with the reason. */
  | { kind: 'dead'; reason: string }

export interface Settlement {
  delivery: Delivery
  verdict: QueueVerdict
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

export interface Queue {
  publish(publications: readonly Publication[]): Promise<void>
  /** All or nothing together with the marks, so that a retry of a batch publishes nothing twice. */
  publishOnce(
    publications: readonly Publication[],
    marks: readonly BatchMark[],
  ): Promise<PublishOnceOutcome>
  /** Takes what is visible now, oldest first; an empty list when there is nothing. */
  receive(queue: string, max: number, leaseMs: number): Promise<Delivery[]>
  extend(deliveries: readonly Delivery[], leaseMs: number): Promise<void>
  settle(settlements: readonly Settlement[]): Promise<void>
  /**
   * What this instance received from the queue and does not have in hand is visible again at once:
   * what a former process of the same name held, and what was received by a request whose answer
   * was lost.
   */
  reclaim(queue: string, inHand: readonly Delivery[]): Promise<void>
  /** Calls back when something may have been published to the queue; returns how to stop that. */
  onWake(queue: string, listener: () => void): () => void
}

/** What operators and housekeeping need of the queues, beside the flow of messages. */
export interface QueueUpkeep {
  /** Sets items aside that were never published here, such as a receipt without a message. */
  setAside(letters: readonly DeadLetter[]): Promise<void>
  /** The depth of every queue that is not empty. */
  depths(): Promise<QueueDepth[]>
  /** Messages that lie on these queues; what consumers have in hand counts too. */
  messagesOn(queues: readonly string[]): Promise<number>
  /** How many items of each queue are set aside. */
  deadLetters(): Promise<DeadLetterCount[]>
  /** Housekeeping, every few minutes from any number of processes. */
  maintain(): Promise<void>
}
