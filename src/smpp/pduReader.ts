import type { Socket } from 'node:net'
import { Framer } from './framer.ts'
import type { SessionClock } from './sessionClock.ts'

const WRITABLE_PAUSE_OCTETS = 1024 * 1024
const WRITABLE_MAX_OCTETS = 16 * 1024 * 1024

export interface ReaderHandlers {
  /** The PDU is octets[start, end), a part of the socket's chunk. */
  onPdu(octets: Buffer, start: number, end: number): void
  /** Framing is lost; octets[start, end) is what there is of the header, at least 4 octets. */
  onBroken(octets: Buffer, start: number, end: number): void
}

/**
 * Hands on the PDUs of one socket in order, and stops reading while it is held: until a bind is
 * answered, and while the peer does not take what we write.
 */
export class PduReader {
  readonly #socket: Socket
  readonly #clock: SessionClock
  readonly #handlers: ReaderHandlers
  readonly #framer: Framer
  readonly #holds = { bind: false, congestion: false, closed: false }
  #isHeld = false
  #isReading = false

  constructor(socket: Socket, maxPduOctets: number, clock: SessionClock, handlers: ReaderHandlers) {
    this.#socket = socket
    this.#clock = clock
    this.#handlers = handlers
    this.#framer = new Framer(maxPduOctets)
    socket.on('data', (chunk: Buffer) => this.#onChunk(chunk))
    socket.on('drain', () => this.checkCongestion())
  }

  get isHeldForBind(): boolean {
    return this.#holds.bind
  }

  get octetsHeld(): number {
    return this.#framer.octetsHeld
  }

  holdForBind(): void {
    this.#hold('bind')
  }

  releaseBind(): void {
    this.#release('bind')
  }

  /** For good; what still comes is thrown away, so that the end of the connection is seen. */
  close(): void {
    this.#hold('closed')
    this.#socket.resume()
  }

  /** A peer that does not read gets nothing more to answer, then the clock closes it. */
  checkCongestion(): void {
    const octets = this.#socket.writableLength
    if (octets > WRITABLE_MAX_OCTETS) this.#socket.destroy()
    if (octets > WRITABLE_PAUSE_OCTETS && !this.#holds.congestion) {
      this.#hold('congestion')
      this.#clock.congested(true)
    } else if (octets === 0 && this.#holds.congestion) {
      this.#clock.congested(false)
      this.#release('congestion')
    }
  }

  #hold(reason: 'bind' | 'congestion' | 'closed'): void {
    this.#holds[reason] = true
    this.#isHeld = true
    this.#clock.reading(false)
    this.#socket.pause()
  }

  #release(reason: 'bind' | 'congestion'): void {
    this.#holds[reason] = false
    const { bind, congestion, closed } = this.#holds
    this.#isHeld = bind || congestion || closed
    if (this.#isHeld) return
    this.#clock.reading(true)
    this.#socket.resume()
    if (!this.#isReading) this.#read(false)
  }

  #onChunk(chunk: Buffer): void {
    if (this.#holds.closed) return
    this.#clock.received()
    const isOldPartial = this.#framer.hasPartial
    this.#framer.push(chunk)
    this.#read(isOldPartial)
  }

  #read(isOldPartial: boolean): void {
    let isSamePartial = isOldPartial
    this.#isReading = true
    while (!this.#isHeld) {
      const found = this.#framer.next()
      const { octets, start, end } = this.#framer
      if (found === 'pdu') {
        isSamePartial = false
        this.#handlers.onPdu(octets, start, end)
      } else if (found === 'broken') {
        this.#handlers.onBroken(octets, start, end)
      } else {
        // Octets that trickle in must not extend the time the PDU has.
        if (!isSamePartial) this.#clock.partial(this.#framer.hasPartial)
        break
      }
    }
    this.#isReading = false
  }
}
