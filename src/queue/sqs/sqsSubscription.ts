// Receives envelopes with long polls, which SQS answers when an envelope arrives or after 20 s.
// While the queue is empty there is one poll, because 3,000 connectors with one poll each cost $5 a
// day. While polls return much, more of them run side by side, up to the capacity. stop() and
// drain() end all polls at once. SQS may have leased envelopes to a poll that is ended, and they
// become visible when that lease ends (github.com/aws/aws-sdk-js/issues/2350).

import { setTimeout as pause } from 'node:timers/promises'
import { backOffMs } from '../../flow/backOff.ts'
import { ClaimLoop } from '../../flow/claimLoop.ts'
import { errorKind } from '../../flow/errorKind.ts'
import type { QueueEntry, SubscribeOptions, Subscription } from '../queue.ts'
import { PAYLOAD_OCTETS_MAX } from './sqsPublisher.ts'
import { envelopesIn, RECEIVE_MAX, type SqsReceiver } from './sqsReceiver.ts'

/** At 20 ms for a poll, 8 polls receive 4,000 envelopes a second. */
const LANES_MAX = 8
const PAUSE_AFTER_FAILURE_FIRST_MS = 50
const PAUSE_AFTER_FAILURE_CAP_MS = 2_000

/** A sequence of polls. */
interface Lane {
  readonly loop: ClaimLoop<number, QueueEntry>
  /** The envelopes that its poll may still return. */
  asked: number
}

export interface PollTimes {
  readonly waitSeconds: number
  readonly now: () => number
}

export class SqsSubscription implements Subscription {
  #receiver: SqsReceiver
  #queue: string
  #options: SubscribeOptions
  #times: PollTimes
  #lanes: Lane[] = []
  /** How many lanes may poll. */
  #wanted = 1
  #stopping = new AbortController()
  /** The kinds of errors since the last success. */
  #reported = new Set<string>()

  constructor(receiver: SqsReceiver, queue: string, options: SubscribeOptions, times: PollTimes) {
    this.#receiver = receiver
    this.#queue = queue
    this.#options = options
    this.#times = times
  }

  get inHand(): readonly QueueEntry[] {
    return this.#lanes.flatMap(({ loop }) => loop.inHand)
  }

  wake(): void {
    if (this.#stopping.signal.aborted) return
    while (this.#lanes.length < this.#wanted) this.#lanes.push(this.#newLane(this.#lanes.length))
    for (const { loop } of this.#lanes.slice(0, this.#wanted)) loop.wake()
  }

  letGo(entries: readonly QueueEntry[]): void {
    for (const { loop } of this.#lanes) loop.letGo(entries)
  }

  stop(): void {
    for (const { loop } of this.#lanes) loop.stop()
    this.#stopping.abort()
  }

  async drain(): Promise<void> {
    this.stop()
    await Promise.all(this.#lanes.map(({ loop }) => loop.drain()))
  }

  #newLane(index: number): Lane {
    const { minIntervalMs, pollIntervalMs, take } = this.#options
    const source = {
      room: () => {
        const room = this.#roomOf(index)
        lane.asked = room ?? 0
        return room
      },
      claim: (room: number) => this.#poll(lane, room),
      mayHaveLeft: (room: number, entries: readonly QueueEntry[]) => entries.length >= room,
      // A receive that was lost cannot be found. Its lease ends by itself.
      reclaim: () => Promise.resolve(),
      take: (entries: readonly QueueEntry[]) => {
        lane.asked = 0
        take(entries)
        this.wake()
      },
      onTrouble: (error: Error) => this.#report(error),
    }
    const loop = new ClaimLoop<number, QueueEntry>(source, {
      pollIntervalMs,
      pauseAfterFailureMs: (failures) =>
        backOffMs(failures, PAUSE_AFTER_FAILURE_FIRST_MS, PAUSE_AFTER_FAILURE_CAP_MS),
      minIntervalMs,
      claimsWait: true,
    })
    const lane: Lane = { loop, asked: 0 }
    return lane
  }

  /** How many envelopes a lane may ask for, besides those that other polls may return. */
  #roomOf(index: number): number | undefined {
    if (index >= this.#wanted) return undefined
    const { capacity, maxOctets = Number.POSITIVE_INFINITY } = this.#options
    const asked = this.#lanes.reduce((sum, lane) => sum + lane.asked, 0)
    const free = capacity() - asked
    const octets = maxOctets - asked * PAYLOAD_OCTETS_MAX
    if (free <= 0 || octets <= 0) return undefined
    return Math.min(free, RECEIVE_MAX, envelopesIn(octets))
  }

  async #poll(lane: Lane, asked: number): Promise<QueueEntry[]> {
    try {
      const entries = await this.#receive(asked)
      this.#reported.clear()
      if (entries.length === 0) this.#wanted = 1
      else if (entries.length * 2 >= asked) this.#wanted = Math.min(this.#wanted * 2, LANES_MAX)
      // Another lane may hold an envelope whose lease has ended. Its new handle is known by now.
      const inHand = new Set(this.inHand.map(({ id }) => id))
      const fresh = entries.filter(({ id }) => !inHand.has(id))
      if (fresh.length === 0) lane.asked = 0
      return fresh
    } catch (error) {
      lane.asked = 0
      if (this.#stopping.signal.aborted) return []
      this.#wanted = 1
      throw error
    }
  }

  async #receive(max: number): Promise<QueueEntry[]> {
    const { signal } = this.#stopping
    const { leaseMs, pollIntervalMs } = this.#options
    const { now, waitSeconds } = this.#times
    const startedMs = now()
    const entries = await this.#receiver.receive(this.#queue, { max, leaseMs, waitSeconds, signal })
    // If 120,000 messages are in flight, SQS may answer at once that there is nothing to receive
    // (SQS API Reference, ReceiveMessage). Without a pause that would be a tight loop.
    const restMs = startedMs + pollIntervalMs - now()
    if (entries.length === 0 && restMs > 0) await pause(restMs, undefined, { signal })
    return entries
  }

  #report(error: Error): void {
    if (!this.#reported.has(errorKind(error))) this.#options.onTrouble(error)
    this.#reported.add(errorKind(error))
  }
}
