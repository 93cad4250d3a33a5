import { setTimeout as after } from 'node:timers/promises'
import { backOffMs } from '../flow/backOff.ts'
import { connectSmpp } from '../smpp/index.ts'
import type { Pdu, PduBodies, RequestOutcome, Session, SessionTimers } from '../smpp/index.ts'

const RECONNECT_FIRST_MS = 50
const RECONNECT_CAP_MS = 2_000

/** A message that a lane, which is one session, has taken to send. */
export interface Due {
  readonly n: number
  /** The time from which latency is measured, on the clock of performance.now(). */
  readonly sinceMs: number
}

/** The load that all lanes share: the target, the messages to send, and their outcomes. */
export interface Load {
  readonly options: {
    readonly host: string
    readonly port: number
    readonly password: string
    readonly windowSize: number
    readonly reconnect?: boolean
  }
  readonly timers: SessionTimers
  readonly reconnectWithinMs: number
  /** Returns the next message to send; undefined if no message is due. */
  take(): Due | undefined
  /** Takes back a message that could not be sent. A later call of take() returns it. */
  giveBack(due: Due): void
  fields(n: number): Partial<PduBodies['submit_sm']>
  sent(): void
  /** Called once for each sent message, and again if its answer arrives late. */
  outcome(lane: LoadLane, due: Due, outcome: RequestOutcome): void
  received(session: Session, pdu: Pdu<'deliver_sm'>): void
}

/** One session of the load generator, with its window, pauses and reconnects. */
export class LoadLane {
  readonly #load: Load
  readonly #systemId: string
  readonly #closing = new AbortController()
  #session: Session | undefined
  #pausedUntilMs = 0
  #fillQueued = false
  #returning: Promise<void> | undefined
  /** True if the lane has no link and will not reconnect. */
  gaveUp = false
  reconnects = 0

  constructor(load: Load, systemId: string) {
    this.#load = load
    this.#systemId = systemId
  }

  async open(): Promise<void> {
    const { host, port, password, windowSize } = this.#load.options
    const session = await connectSmpp({
      host,
      port,
      command: 'bind_transceiver',
      system_id: this.#systemId,
      password,
      windowSize,
      timers: this.#load.timers,
      signal: this.#closing.signal,
      events: {
        requests: { deliver_sm: (from, pdu) => this.#load.received(from, pdu) },
        onClosed: () => this.#lost(),
      },
    })
    // If the session has already closed, onClosed has handled it.
    if (session.state === 'BOUND_TRX') this.#session = session
  }

  /**
   * Sends messages until the window is full, `most` messages have been sent, or no message is due.
   * Returns the number of messages sent.
   */
  fill(nowMs: number, most = Number.POSITIVE_INFINITY): number {
    const session = this.#session
    if (!session || nowMs < this.#pausedUntilMs) return 0
    let count = 0
    while (session.windowFree > 0 && count < most) {
      const due = this.#load.take()
      if (!due) break
      const sequence = session.request('submit_sm', this.#load.fields(due.n), (outcome) => {
        this.#load.outcome(this, due, outcome)
        if (outcome.kind !== 'closed') this.#queueFill()
      })
      if (sequence === undefined) {
        this.#load.giveBack(due)
        break
      }
      this.#load.sent()
      count += 1
    }
    return count
  }

  pause(forMs: number): void {
    this.#pausedUntilMs = performance.now() + forMs
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const session = this.#session
    this.#session = undefined
    await session?.unbind()
    await this.#returning
  }

  // One chunk from the socket may contain many answers. Their places in the window are filled
  // together, after the whole chunk has been processed.
  #queueFill(): void {
    if (this.#fillQueued) return
    this.#fillQueued = true
    queueMicrotask(() => {
      this.#fillQueued = false
      this.fill(performance.now())
    })
  }

  #lost(): void {
    this.#session = undefined
    if (this.#closing.signal.aborted || this.#returning) return
    if (this.#load.options.reconnect) this.#returning = this.#return()
    else this.gaveUp = true
  }

  async #return(): Promise<void> {
    const { signal } = this.#closing
    const deadlineMs = performance.now() + this.#load.reconnectWithinMs
    for (let attempt = 0; !this.#session; attempt += 1) {
      if (signal.aborted || performance.now() > deadlineMs) break
      try {
        await after(backOffMs(attempt, RECONNECT_FIRST_MS, RECONNECT_CAP_MS), undefined, { signal })
        await this.open()
      } catch {
        // The bind was refused, the peer is unreachable, or the lane is closing. The conditions of
        // the loop decide whether to try again.
      }
    }
    this.#returning = undefined
    if (this.#session) this.reconnects += 1
    else this.gaveUp = true
  }
}
