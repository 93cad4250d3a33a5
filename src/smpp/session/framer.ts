import { HEADER_OCTETS } from '../wire/codec.ts'

const NOTHING = Buffer.alloc(0)
const LENGTH_OCTETS = 4
const TAIL_OCTETS_MIN = 1024

/**
 * Finds the PDUs in the chunks that a socket delivers. A PDU that is complete within one chunk is
 * not copied. A PDU that spans several chunks is copied into a buffer, the tail. The tail grows
 * with the octets received, not to the size that command_length claims. After `next()` returns
 * `pdu`, the PDU is octets[start, end).
 */
export class Framer {
  octets: Buffer = NOTHING
  start = 0
  end = 0
  #chunk: Buffer = NOTHING
  #at = 0
  #tail: Buffer = NOTHING
  #tailLength = 0
  readonly #maxPduOctets: number

  constructor(maxPduOctets: number) {
    this.#maxPduOctets = maxPduOctets
  }

  /** Whether part of a PDU has arrived. Valid after `next` has returned `incomplete`. */
  get hasPartial(): boolean {
    return this.#tailLength > 0
  }

  /**
   * The octets held in memory: the buffer of an incomplete PDU, which is smaller than twice
   * maxPduOctets, and the unread part of the current chunk.
   */
  get octetsHeld(): number {
    return this.#tail.length + (this.#chunk.length - this.#at)
  }

  push(chunk: Buffer): void {
    this.#chunk =
      this.#at < this.#chunk.length ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk
    this.#at = 0
  }

  /** `broken` means that command_length is impossible, so nothing after it can be framed. */
  next(): 'pdu' | 'incomplete' | 'broken' {
    if (this.#tailLength > 0) return this.#completeTail()
    const available = this.#chunk.length - this.#at
    if (available < LENGTH_OCTETS) return this.#keepTail()
    const length = this.#chunk.readUInt32BE(this.#at)
    if (this.#isImpossible(length)) return this.#broken(this.#chunk, this.#at, this.#chunk.length)
    if (length > available) return this.#keepTail()
    this.octets = this.#chunk
    this.start = this.#at
    this.#at += length
    this.end = this.#at
    return 'pdu'
  }

  #isImpossible(length: number): boolean {
    return length < HEADER_OCTETS || length > this.#maxPduOctets
  }

  #broken(octets: Buffer, start: number, end: number): 'broken' {
    this.octets = octets
    this.start = start
    this.end = end
    return 'broken'
  }

  #keepTail(): 'incomplete' {
    this.#fillTail(this.#chunk.length - this.#at)
    this.#chunk = NOTHING
    this.#at = 0
    this.octets = NOTHING
    return 'incomplete'
  }

  #completeTail(): 'pdu' | 'incomplete' | 'broken' {
    if (!this.#fillTail(LENGTH_OCTETS - this.#tailLength)) return 'incomplete'
    const length = this.#tail.readUInt32BE(0)
    if (this.#isImpossible(length)) {
      this.#fillTail(Math.min(HEADER_OCTETS - this.#tailLength, this.#chunk.length - this.#at))
      return this.#broken(this.#tail, 0, this.#tailLength)
    }
    if (!this.#fillTail(length - this.#tailLength)) return 'incomplete'
    this.octets = this.#tail
    this.start = 0
    this.end = length
    this.#tail = NOTHING
    this.#tailLength = 0
    return 'pdu'
  }

  /**
   * Moves up to `wanted` octets from the chunk to the tail. Returns false if the chunk has fewer.
   */
  #fillTail(wanted: number): boolean {
    if (wanted <= 0) return true
    const octets = Math.min(wanted, this.#chunk.length - this.#at)
    const needed = this.#tailLength + octets
    if (needed > this.#tail.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#tail.length, TAIL_OCTETS_MIN))
      this.#tail.copy(grown, 0, 0, this.#tailLength)
      this.#tail = grown
    }
    this.#chunk.copy(this.#tail, this.#tailLength, this.#at, this.#at + octets)
    this.#tailLength = needed
    this.#at += octets
    return octets === wanted
  }
}
