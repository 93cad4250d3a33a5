import type { Socket } from 'node:net'
import { Framer } from './framer.ts'
import type { SessionClock } from './sessionClock.ts'

type Hold = 'bind' | 'congestion' | 'owed' | 'owner' | 'closed'

/**
 * The limits that the reader enforces. `maxPduOctets` also bounds the memory for an incomplete PDU.
 */
export interface ReaderLimits {
  readonly maxPduOctets: number
  readonly unsentOctetsPause: number
  readonly unsentOctetsMax: number
}

export interface ReaderHandlers {
  /** Called for each chunk, before its PDUs are passed to onPdu. */
  onChunk(octets: number): void
  /** Called for each PDU, which is octets[start, end). */
  onPdu(octets: Buffer, start: number, end: number): void
  /** Called when too many octets are waiting to be sent. */
  onUnsent(octets: number): void
  /**
   * Called when framing is lost. octets[start, end) has at least the first 4 octets of the header.
   */
  onBroken(octets: Buffer, start: number, end: number): void
}

/**
 * Splits the octets of one socket into PDUs and passes them to the handlers in order. Reading
 * pauses while a bind is unanswered, while too many octets wait to be sent, while too many requests
 * wait for our answers, and while the application has paused the session.
 */
export class PduReader {
  readonly #socket: Socket
  readonly #clock: SessionClock
  readonly #handlers: ReaderHandlers
  readonly #framer: Framer
  readonly #limits: ReaderLimits
  readonly #holds = new Set<Hold>()
  #isHeld = false
  #isReading = false

  constructor(socket: Socket, limits: ReaderLimits, clock: SessionClock, handlers: ReaderHandlers) {
    this.#limits = limits
    this.#socket = socket
    this.#clock = clock
    this.#handlers = handlers
    this.#framer = new Framer(limits.maxPduOctets)
    socket.on('data', (chunk: Buffer) => this.#onChunk(chunk))
    socket.on('drain', () => this.checkCongestion())
  }

  get isHeldForBind(): boolean {
    return this.#holds.has('bind')
  }

  get octetsHeld(): number {
    return this.#framer.octetsHeld
  }

  /**
   * Stops passing on PDUs permanently. Later octets are read and discarded, so that the end of the
   * connection is detected.
   */
  close(): void {
    this.hold('closed')
    this.#socket.resume()
  }

  /**
   * Stops reading from a peer that does not read what we send. If the peer does not read for too
   * long, the clock closes the session.
   */
  checkCongestion(): void {
    const octets = this.#socket.writableLength
    const isCongested = this.#holds.has('congestion')
    if (octets > this.#limits.unsentOctetsMax) this.#handlers.onUnsent(octets)
    if (octets > this.#limits.unsentOctetsPause && !isCongested) {
      this.hold('congestion')
      this.#clock.congested(true)
    } else if (octets === 0 && isCongested) {
      this.#clock.congested(false)
      this.release('congestion')
    }
  }

  /** Stops reading and stops passing on PDUs until every hold is released. */
  hold(reason: Hold): void {
    if (this.#holds.has('closed')) return
    this.#holds.add(reason)
    this.#isHeld = true
    this.#clock.reading(false)
    this.#socket.pause()
  }

  release(reason: Hold): void {
    if (!this.#holds.delete(reason) || this.#holds.size > 0) return
    this.#isHeld = false
    this.#clock.reading(true)
    this.#socket.resume()
    if (!this.#isReading) this.#read(false)
  }

  #onChunk(chunk: Buffer): void {
    if (this.#holds.has('closed')) return
    this.#clock.received()
    const isOldPartial = this.#framer.hasPartial
    this.#framer.push(chunk)
    this.#handlers.onChunk(chunk.length)
    this.#read(isOldPartial)
  }

  #read(isOldPartial: boolean): void {
    let hasThrown = true
    this.#isReading = true
    try {
      this.#readAll(isOldPartial)
      hasThrown = false
    } finally {
      this.#isReading = false
      // A handler of the application has thrown. If the process survives, the next PDUs must not
      // wait until more octets arrive.
      if (hasThrown) setImmediate(() => this.#read(false))
    }
  }

  #readAll(isOldPartial: boolean): void {
    let isSamePartial = isOldPartial
    while (!this.#isHeld) {
      const found = this.#framer.next()
      const { octets, start, end } = this.#framer
      if (found === 'pdu') {
        isSamePartial = false
        this.#handlers.onPdu(octets, start, end)
      } else if (found === 'broken') {
        this.#handlers.onBroken(octets, start, end)
      } else {
        // A slow trickle of octets must not extend the deadline for the PDU.
        if (!isSamePartial) this.#clock.partial(this.#framer.hasPartial)
        break
      }
    }
  }
}
