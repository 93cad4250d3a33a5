// One SMPP connection, of either side. What it promises: each request of ours gets exactly one
// outcome (a response, a timeout, or `closed`), and at most one `late` after a timeout; requests of
// the peer reach the owner in the order of the wire, none before its bind is answered; input of the
// peer, whatever it is, is answered as SMPP 5.0 §2.11 says and never throws. It answers
// enquire_link and unbind itself. It retries nothing: when the connection is gone, pending requests
// end as `closed`, and whether the peer took them is unknown. Reading stops while the peer does not
// read our answers; nothing is dropped.

import type { Socket } from 'node:net'
import {
  compiledById,
  compiledByName,
  decodeResponse,
  HEADER_OCTETS,
  isResponseId,
  responseTo,
} from './codec.ts'
import * as status from './commandStatus.ts'
import type { CompiledPdu } from './compilePdu.ts'
import { Departure } from './departure.ts'
import { PduError } from './pduError.ts'
import { PduReader } from './pduReader.ts'
import { PduWriter } from './pduWriter.ts'
import {
  BOUND_STATE,
  PDUS,
  type BindBody,
  type BindCommand,
  type CommandName,
  type MessageCommand,
  type Pdu,
  type PduBodies,
  type ResponseTo,
  type SessionState,
} from './pduTable.ts'
import { RequestWindow } from './requestWindow.ts'
import { SessionClock } from './sessionClock.ts'
import type { RequestOutcome, SessionBind, SessionSettings } from './sessionTypes.ts'
import { stateRefusal } from './stateRefusal.ts'
import { readTlv, tlv } from './tlv.ts'

/** The version we speak; 5.0 is this with more commands. */
const INTERFACE_VERSION = 0x34
/** Peers older than this know no TLVs (SMPP 3.4 §3.4). */
const TLV_VERSION = 0x34
const NACK = compiledByName('generic_nack')

export class Session {
  readonly remoteAddress: string
  /** The owner's own object for this session. */
  context: unknown = undefined
  readonly #socket: Socket
  readonly #settings: SessionSettings
  readonly #reader: PduReader
  readonly #writer: PduWriter
  readonly #window: RequestWindow
  readonly #clock: SessionClock
  readonly #departure: Departure
  #state: SessionState = 'OPEN'
  #bind: SessionBind | undefined
  #interfaceVersion = INTERFACE_VERSION
  #owed = 0
  #unbindSequence = 0
  #closeReason = 'the peer closed the connection'
  #isFinished = false
  #isGone = false
  readonly #whenGone: (() => void)[] = []

  constructor(socket: Socket, settings: SessionSettings) {
    this.remoteAddress = socket.remoteAddress ?? ''
    this.#socket = socket
    this.#settings = settings
    this.#window = new RequestWindow(settings.windowSize)
    this.#writer = new PduWriter(socket, () => this.#reader.checkCongestion())
    this.#clock = new SessionClock(settings, {
      now: (nowMs) => this.#window.expire(nowMs),
      enquire: () => this.#sendControl('enquire_link'),
      unbind: () => void this.unbind(),
      leavingOverdue: () => this.#departure.advance(true),
      close: (reason) => this.close(reason),
      destroy: () => socket.destroy(),
    })
    this.#reader = new PduReader(socket, settings.maxPduOctets, this.#clock, {
      onPdu: (octets, start, end) => this.#receive(octets, start, end),
      onBroken: (octets, start, end) => this.#framingLost(octets, start, end),
    })
    this.#departure = new Departure({
      weOwe: () => this.#owed > 0,
      theyOwe: () => this.#window.size > 0,
      sendUnbind: () => this.#sendUnbind(),
      answerUnbind: () => this.#answerUnbind(),
      setDeadline: (isLastStep) => this.#clock.leaving(isLastStep),
      close: (reason) => this.close(reason),
    })
    socket.setNoDelay(true)
    socket.on('end', () => this.close('the peer closed the connection'))
    // A reset before any octet is a balancer's probe, any other the peer gone: 'close' follows.
    socket.on('error', ({ message }) => {
      if (this.#state !== 'CLOSED') this.#closeReason = `connection lost: ${message}`
    })
    socket.on('close', () => this.#onSocketClosed())
  }

  get state(): SessionState {
    return this.#state
  }

  /** The lower one of both sides' versions (SMPP 3.4 §5.2.4). */
  get interfaceVersion(): number {
    return this.#interfaceVersion
  }

  get bind(): Readonly<SessionBind> | undefined {
    return this.#bind
  }

  /** Our own requests without a response. */
  get unanswered(): number {
    return this.#window.size
  }

  get windowFree(): number {
    return this.#departure.hasBegun ? 0 : this.#window.free
  }

  /** The peer's requests that wait for `respond`. */
  get unansweredByUs(): number {
    return this.#owed
  }

  canSend(command: CommandName): boolean {
    const { sentBy } = compiledByName(command)
    return !this.#departure.hasBegun && sentBy[this.#settings.side].has(this.#state)
  }

  /**
   * Sends a request and returns its sequence_number; undefined when the window is full or the state
   * forbids it. Throws PduError when a field does not fit on the wire.
   */
  request<C extends MessageCommand>(
    command: C,
    fields: Partial<PduBodies[C]>,
    onOutcome: (outcome: RequestOutcome) => void,
  ): number | undefined {
    if (this.windowFree === 0 || !this.canSend(command)) return undefined
    const sequence = this.#window.nextSequence()
    this.#writer.write(compiledByName(command), status.ESME_ROK, sequence, fields)
    this.#window.add(command, sequence, this.#clock.requested(), onOutcome)
    return sequence
  }

  /** The same with a body from encodeBody, or as it was received. */
  requestBody(
    command: MessageCommand,
    body: Buffer,
    onOutcome: (outcome: RequestOutcome) => void,
  ): number | undefined {
    if (this.windowFree === 0 || !this.canSend(command)) return undefined
    const sequence = this.#window.nextSequence()
    this.#writer.writeEncoded(PDUS[command].command_id, sequence, body)
    this.#window.add(command, sequence, this.#clock.requested(), onOutcome)
    return sequence
  }

  /** A refusal is its header alone, unless `fields` are given (a reason in a TLV). */
  respond<C extends MessageCommand>(
    request: { readonly command: C; readonly sequence_number: number },
    commandStatus: number,
    fields?: Partial<PduBodies[ResponseTo<C>]>,
  ): void {
    if (this.#owed > 0) this.#owed--
    if (this.#state === 'CLOSED') return
    this.#writer.answer(request, commandStatus, fields)
    if (this.#departure.hasBegun) this.#departure.advance(false)
  }

  /** Does nothing when the session has closed meanwhile. */
  acceptBind(request: Pdu<BindCommand>, systemId = this.#settings.systemId): void {
    if (!this.#reader.isHeldForBind || this.#state !== 'OPEN') return
    const { command, interface_version } = request
    this.#becomeBound(command, request, interface_version)
    const tlvs =
      interface_version >= TLV_VERSION ? [tlv('sc_interface_version', INTERFACE_VERSION)] : []
    this.#writer.answer(request, status.ESME_ROK, { system_id: systemId, tlvs })
    this.#reader.releaseBind()
  }

  /** Answers, then closes. */
  refuseBind(request: Pdu<BindCommand>, commandStatus: number): void {
    if (!this.#reader.isHeldForBind || this.#state !== 'OPEN') return
    this.#writer.answer(request, commandStatus)
    this.close(`bind refused: ${status.commandStatusName(commandStatus)}`)
  }

  /**
   * Leaves in order: no new requests of ours, then the answers that both sides still owe, then
   * unbind, then close. Each wait is bounded by the response timer. New requests of the peer still
   * reach the owner until unbind is sent; a submit_sm that comes after that gets ESME_RTHROTTLED,
   * all else ESME_RINVBNDSTS.
   */
  unbind(): Promise<void> {
    if (this.#isGone) return Promise.resolve()
    const gone = new Promise<void>((resolve) => this.#whenGone.push(resolve))
    if (this.#state === 'OPEN') this.close('left before any bind')
    else if (this.#state !== 'CLOSED') this.#departure.begin()
    return gone
  }

  /** At once: pending requests end as `closed`. What was written already still leaves. */
  close(reason: string): void {
    if (this.#state === 'CLOSED') return
    this.#writer.close()
    this.#state = 'CLOSED'
    this.#closeReason = reason
    this.#clock.closing()
    this.#reader.close()
    // Half-closed, and reading on: a socket closed with octets unread resets the connection, which
    // takes the last answer from the peer.
    this.#socket.end()
    setImmediate(() => this.#finish())
  }

  /** For connectSmpp: `onAnswer` is called before anything behind the answer is read. */
  requestBind(
    command: BindCommand,
    body: BindBody,
    onAnswer: (outcome: RequestOutcome) => void,
  ): void {
    const sequence = this.#window.nextSequence()
    this.#writer.write(compiledByName(command), status.ESME_ROK, sequence, body)
    this.#window.add(command, sequence, this.#clock.requested(), (outcome) => {
      const isBound =
        outcome.kind === 'response' && this.#acceptBindResp(command, body, outcome.pdu)
      onAnswer(outcome)
      // The owner learns of its session from a promise: what is right behind the answer waits.
      if (isBound) setImmediate(() => this.#reader.releaseBind())
    })
  }

  #acceptBindResp(command: BindCommand, body: BindBody, pdu: Pdu): boolean {
    if (pdu.command_status !== status.ESME_ROK || !('tlvs' in pdu)) return false
    // Many 3.4 centres leave sc_interface_version out; then they speak what we asked for.
    const theirs = readTlv(pdu.tlvs, 'sc_interface_version') ?? body.interface_version
    this.#becomeBound(command, body, Math.min(body.interface_version, theirs))
    this.#reader.holdForBind()
    return true
  }

  #becomeBound(command: BindCommand, body: BindBody, interfaceVersion: number): void {
    const { system_id, system_type, interface_version, address_range } = body
    this.#bind = { command, system_id, system_type, interface_version, address_range }
    this.#state = BOUND_STATE[command]
    this.#interfaceVersion = Math.min(INTERFACE_VERSION, interfaceVersion)
    this.#writer.allowsTlvs = this.#interfaceVersion >= TLV_VERSION
    this.#clock.bound()
  }

  // SMPP 5.0 §2.11.2: answer once, then close. The sequence_number is worth something only when the
  // rest of the header looks like one: HTTP and TLS have no sequence numbers.
  #framingLost(octets: Buffer, start: number, end: number): void {
    const isHeader = end - start >= HEADER_OCTETS && compiledById(octets.readUInt32BE(start + 4))
    const command_id = end - start >= 8 ? octets.readUInt32BE(start + 4) : 0
    const reason = `impossible command_length ${octets.readUInt32BE(start)}`
    const sequence = isHeader ? octets.readUInt32BE(start + 12) : 0
    this.#writer.write(NACK, status.ESME_RINVCMDLEN, sequence)
    this.#malformed(command_id, status.ESME_RINVCMDLEN, reason)
    this.close(`framing lost: ${reason}`)
  }

  #receive(octets: Buffer, start: number, end: number): void {
    const command_id = octets.readUInt32BE(start + 4)
    const sequence = octets.readUInt32BE(start + 12)
    const compiled = compiledById(command_id)
    if (isResponseId(command_id)) {
      if (compiled) this.#receiveResponse(compiled, octets, start, end)
      return
    }
    if (!compiled) {
      const reason = `unknown command_id 0x${command_id.toString(16).padStart(8, '0')}`
      this.#writer.write(NACK, status.ESME_RINVCMDID, sequence)
      this.#malformed(command_id, status.ESME_RINVCMDID, reason)
      return
    }
    const { [this.#settings.side === 'mc' ? 'esme' : 'mc']: states } = compiled.sentBy
    if (!states.has(this.#state)) this.#refuseState(compiled, sequence)
    else this.#receiveRequest(compiled, octets, start, end)
  }

  #refuseState({ command }: CompiledPdu, sequence_number: number): void {
    if (!responseTo(command)) return
    const commandStatus = stateRefusal(command, {
      state: this.#state,
      isBound: this.#bind !== undefined,
      isLeaving: this.#departure.awaitsUnbindResp,
    })
    this.#writer.answer({ command, sequence_number }, commandStatus)
  }

  #receiveRequest(compiled: CompiledPdu, octets: Buffer, start: number, end: number): void {
    const body = start + HEADER_OCTETS
    let pdu: Pdu
    try {
      const commandStatus = octets.readUInt32BE(start + 8)
      pdu = compiled.decode(octets, body, end, commandStatus, octets.readUInt32BE(start + 12))
    } catch (error) {
      if (!(error instanceof PduError)) throw error
      const sequence_number = octets.readUInt32BE(start + 12)
      this.#writer.answer({ command: compiled.command, sequence_number }, error.commandStatus)
      this.#malformed(compiled.row.command_id, error.commandStatus, error.message)
      return
    }
    switch (pdu.command) {
      case 'submit_sm':
      case 'deliver_sm':
        this.#owed++
        this.#clock.message()
        this.#settings.events.onRequest(this, pdu, octets.subarray(body, end))
        break
      case 'enquire_link':
        this.#writer.answer(pdu, status.ESME_ROK)
        break
      case 'unbind':
        this.#receiveUnbind(pdu.sequence_number)
        break
      case 'bind_transmitter':
      case 'bind_receiver':
      case 'bind_transceiver':
        this.#receiveBind(pdu)
        break
      default:
        if (responseTo(pdu.command)) this.#writer.answer(pdu, status.ESME_RINVCMDID)
    }
  }

  #receiveBind(pdu: Pdu<BindCommand>): void {
    this.#reader.holdForBind()
    this.#clock.bindWaits()
    const { onBind } = this.#settings.events
    if (onBind) onBind(this, pdu)
    else this.refuseBind(pdu, status.ESME_RBINDFAIL)
  }

  #receiveResponse(compiled: CompiledPdu, octets: Buffer, start: number, end: number): void {
    const sequence = octets.readUInt32BE(start + 12)
    const { command_id } = compiled.row
    const isNack = compiled.command === NACK.command
    if (this.#departure.awaitsUnbindResp && sequence === this.#unbindSequence) {
      if (isNack || compiled.command === 'unbind_resp') this.#departure.receivedUnbindResp()
    } else if (this.#window.expects(sequence, command_id, isNack)) {
      this.#window.settle(sequence, decodeResponse(compiled, octets, start, end))
      if (this.#departure.hasBegun) this.#departure.advance(false)
    }
    // Others answer enquire_link, or nothing, or come too late: ignored (SMPP 5.0 §2.11.1).
  }

  #receiveUnbind(sequence: number): void {
    this.#unbindSequence = sequence
    this.#state = 'UNBOUND'
    this.#departure.receivedUnbind()
  }

  #sendUnbind(): void {
    this.#unbindSequence = this.#sendControl('unbind')
    this.#state = 'UNBOUND'
  }

  #answerUnbind(): void {
    const request = { command: 'unbind', sequence_number: this.#unbindSequence } as const
    this.#writer.answer(request, status.ESME_ROK)
  }

  #sendControl(command: 'enquire_link' | 'unbind'): number {
    const sequence = this.#window.nextSequence()
    this.#writer.write(compiledByName(command), status.ESME_ROK, sequence, {})
    return sequence
  }

  #malformed(command_id: number, commandStatus: number, reason: string): void {
    this.#settings.events.onMalformed?.(this, { command_id, reason, commandStatus })
  }

  #onSocketClosed(): void {
    this.#state = 'CLOSED'
    this.#clock.stop()
    this.#reader.close()
    this.#writer.close()
    this.#finish()
    this.#isGone = true
    for (const resolve of this.#whenGone) resolve()
  }

  #finish(): void {
    if (this.#isFinished) return
    this.#isFinished = true
    this.#window.close()
    this.#settings.events.onClosed?.(this, this.#closeReason)
  }
}
