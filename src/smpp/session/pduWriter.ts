import assert from 'node:assert'
import type { Socket } from 'node:net'
import { HEADER_OCTETS, responseTo, writeHeader } from '../wire/codec.ts'
import { ESME_ROK, ESME_RTLVNOTALLWD } from '../wire/commandStatus.ts'
import type { CompiledPdu } from '../wire/compilePdu.ts'
import { INTERFACE_VERSION, type InterfaceVersion } from '../wire/interfaceVersion.ts'
import type { CommandName, PduBodies } from '../wire/pduTable.ts'
import { PduError } from '../wire/pduError.ts'
import { tlvName, type Tlv } from '../wire/tlv.ts'
import { TLVS } from '../wire/tlvTable.ts'

const SCRATCH_OCTETS = 16 * 1024
const SCRATCH_KEPT_MAX = 64

/** Called for each PDU after it is encoded. */
export type PduSent = (command_id: number, status: number, octets: number) => void

const scratchPool: Buffer[] = []
let dirty: PduWriter[] = []

// All sessions of the process share one setImmediate callback. It runs after all sockets that were
// readable in this event loop iteration have been read, so all answers of the iteration leave in
// one write per socket.
function flushDirty(): void {
  const writers = dirty
  dirty = []
  for (const writer of writers) writer.flush()
}

/**
 * Writes the PDUs of one session, combined into one write per event loop iteration. PDUs are
 * encoded directly into a scratch buffer from a pool. An idle session holds no buffer.
 */
export class PduWriter {
  /** Our congestion_state, which is added to each response that may carry it. */
  congestion: Tlv | undefined
  #allowsTlvs = true
  #isVersion5 = false
  #scratch: Buffer | undefined
  #offset = 0
  #isClosed = false
  readonly #socket: Socket
  readonly #onFlushed: () => void
  readonly #onSent: PduSent | undefined

  constructor(socket: Socket, onFlushed: () => void, onSent?: PduSent) {
    this.#socket = socket
    this.#onFlushed = onFlushed
    this.#onSent = onSent
  }

  get allowsTlvs(): boolean {
    return this.#allowsTlvs
  }

  /**
   * Sets the peer's version. Peers below 3.4 get no TLVs (SMPP 3.4 §3.4), and peers below 5.0 get
   * no congestion_state.
   */
  speak(version: InterfaceVersion): void {
    this.#allowsTlvs = version >= INTERFACE_VERSION.V3_4
    this.#isVersion5 = version >= INTERFACE_VERSION.V5_0
  }

  /** Without `fields`, writes the header only. Throws PduError if a field does not fit. */
  write<C extends CommandName>(
    compiled: CompiledPdu<C>,
    commandStatus: number,
    sequence: number,
    fields?: Partial<PduBodies[C]>,
  ): void {
    if (this.#isClosed) return
    const body = this.#allowsTlvs || fields === undefined ? fields : withoutTlvs(fields)
    if (body !== undefined && !this.#isVersion5) compiled.checkBefore5(body)
    const octetsMax = HEADER_OCTETS + (body === undefined ? 0 : compiled.bodyOctetsMax(body))
    const out = this.#reserve(octetsMax)
    const at = this.#offset
    const start = at + HEADER_OCTETS
    const end = body === undefined ? start : compiled.writeBody(body, out, start)
    const { command_id } = compiled.row
    writeHeader(out, at, end - at, command_id, commandStatus, sequence)
    this.#offset = end
    if (this.#onSent) this.#onSent(command_id, commandStatus, end - at)
  }

  writeEncoded(command_id: number, sequence: number, body: Buffer): void {
    if (this.#isClosed) return
    const length = HEADER_OCTETS + body.length
    const out = this.#reserve(length)
    writeHeader(out, this.#offset, length, command_id, ESME_ROK, sequence)
    out.set(body, this.#offset + HEADER_OCTETS)
    this.#offset += length
    if (this.#onSent) this.#onSent(command_id, ESME_ROK, length)
  }

  /** Answers a request. A refusal has no body unless `fields` are given (SMPP 3.4 §4). */
  answer(
    { command, sequence_number }: { command: CommandName; sequence_number: number },
    commandStatus: number,
    fields?: Partial<PduBodies[CommandName]>,
  ): void {
    const response = responseTo(command)
    assert(response, `${command} has no response`)
    const body = fields ?? (commandStatus === ESME_ROK ? {} : undefined)
    this.write(response, commandStatus, sequence_number, this.#withCongestion(response, body))
  }

  // A refusal without a body gets no congestion_state, since the peer could read a TLV as a body.
  #withCongestion(
    { row }: CompiledPdu,
    body: Partial<PduBodies[CommandName]> | undefined,
  ): Partial<PduBodies[CommandName]> | undefined {
    if (!this.congestion || !this.#isVersion5 || !body || !row.tlvs) return body
    const tlvs = 'tlvs' in body && body.tlvs ? body.tlvs : []
    return { ...body, tlvs: [...tlvs, this.congestion] }
  }

  flush(): void {
    if (!this.#scratch) return
    this.#send()
    this.#onFlushed()
  }

  /** Sends the PDUs written so far. PDUs written later are discarded. */
  close(): void {
    this.#send()
    this.#isClosed = true
  }

  /** Returns a buffer with room for `octets` after #offset. */
  #reserve(octets: number): Buffer {
    if (this.#scratch && this.#offset + octets > this.#scratch.length) this.#send()
    if (!this.#scratch) {
      this.#scratch =
        octets > SCRATCH_OCTETS
          ? Buffer.allocUnsafeSlow(octets)
          : (scratchPool.pop() ?? Buffer.allocUnsafeSlow(SCRATCH_OCTETS))
      if (dirty.push(this) === 1) setImmediate(flushDirty)
    }
    return this.#scratch
  }

  #send(): void {
    const scratch = this.#scratch
    const octets = this.#offset
    this.#scratch = undefined
    this.#offset = 0
    if (!scratch) return
    // The socket may keep the buffer that is written to it, so it gets a copy of the right size
    // (which takes 0.1 µs). The scratch buffer can then be reused immediately.
    if (octets > 0 && this.#socket.writable)
      this.#socket.write(Buffer.from(scratch.subarray(0, octets)))
    if (scratch.length === SCRATCH_OCTETS && scratchPool.length < SCRATCH_KEPT_MAX)
      scratchPool.push(scratch)
  }
}

/**
 * TLVs without which a message would be incomplete, because they carry its text or join its
 * segments. All other TLVs are left out for a peer of version 3.3.
 */
const NEEDED: readonly number[] = [
  TLVS.message_payload.tag,
  TLVS.sar_msg_ref_num.tag,
  TLVS.sar_total_segments.tag,
  TLVS.sar_segment_seqnum.tag,
]

function withoutTlvs<C extends CommandName>(fields: Partial<PduBodies[C]>): Partial<PduBodies[C]> {
  // Not every body has TLVs. If a body has the property, its type is Tlv[].
  const { tlvs = [] } = fields as { readonly tlvs?: readonly Tlv[] }
  const needed = tlvs.find(({ tag }) => NEEDED.includes(tag))
  if (needed) {
    const reason = 'the peer uses version 3.3, which has no TLVs. Send the text in short_message'
    throw new PduError(ESME_RTLVNOTALLWD, tlvName(needed.tag) ?? 'tlvs', reason)
  }
  return { ...fields, tlvs: [] }
}
