// One SMPP connection, of either side. What it promises: each request of ours gets exactly one
// outcome (a response, a timeout, or `closed`), and at most one `late` after a timeout; requests of
// the peer reach the owner in the order of the wire, none before its bind is answered; input of the
// peer, whatever it is, is answered as SMPP 5.0 §2.11 says and never throws. It answers
// enquire_link and unbind itself. It retries nothing: when the connection is gone, pending requests
// end as `closed`, and whether the peer took them is unknown. Reading stops while the peer does not
// read our answers; nothing is dropped.

import type { Socket } from 'node:net'
import { compiledByName, decodeResponse } from './codec.ts'
import * as status from './commandStatus.ts'
import type { CompiledPdu } from './compilePdu.ts'
import { Departure } from './departure.ts'
import { InboundPdus } from './inboundPdus.ts'
import { INTERFACE_VERSION, lowerVersion, type InterfaceVersion } from './interfaceVersion.ts'
import { PduError } from './pduError.ts'
import { PduReader } from './pduReader.ts'
import { PduWriter } from './pduWriter.ts'
import {
  BOUND_STATE,
  type BindBody,
  type BindCommand,
  type CommandName,
  type OneWayCommand,
  type Pdu,
  type PduBodies,
  type RequestCommand,
  type ResponseTo,
  type SessionState,
} from './pduTable.ts'
import type { Endpoint } from './proxyHeader.ts'
import { RequestWindow } from './requestWindow.ts'
import { SessionClock } from './sessionClock.ts'
import { sessionTls, type SessionTls } from './sessionTls.ts'
import type { OutcomeOf, RequestOutcome, SessionBind, SessionSettings } from './sessionTypes.ts'
import { readTlv, tlv } from './tlv.ts'

const RESPONSE_BIT = 0x80000000

export class Session {
  /** The peer's; behind a proxy that says so, the real client's. '' and 0 when it has gone. */
  readonly remoteAddress: string
  readonly remotePort: number
  /** Over TLS: the protocol, and the peer's certificate. */
  readonly tls: SessionTls | undefined
  /** The owner's own object for this session. */
  context: unknown = undefined
  readonly #socket: Socket
  readonly #settings: SessionSettings
  readonly #reader: PduReader
  readonly #writer: PduWriter
  readonly #window: RequestWindow
  readonly #clock: SessionClock
  readonly #departure: Departure
  readonly #inbound: InboundPdus
  #state: SessionState = 'OPEN'
  #bind: SessionBind | undefined
  #interfaceVersion: InterfaceVersion
  #owed = 0
  #unbindSequence = 0
  #closeReason = 'the peer closed the connection'
  #isFinished = false
  #isGone = false
  readonly #whenGone: (() => void)[] = []

  /** `source`: where the peer connects from, if not where the socket does. */
  constructor(socket: Socket, settings: SessionSettings, source?: Endpoint) {
    this.remoteAddress = source?.address ?? socket.remoteAddress ?? ''
    this.remotePort = source?.port ?? socket.remotePort ?? 0
    this.tls = sessionTls(socket)
    this.#socket = socket
    this.#settings = settings
    this.#interfaceVersion = settings.interfaceVersion
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
      onPdu: (octets, start, end) => this.#inbound.receive(octets, start, end),
      onBroken: (octets, start, end) =>
        this.close(`framing lost: ${this.#inbound.framingLost(octets, start, end)}`),
    })
    this.#inbound = new InboundPdus(this, settings, this.#writer, {
      isLeaving: () => this.#departure.awaitsUnbindResp,
      onMessage: (owes) => this.#onMessage(owes),
      onBind: (pdu) => this.#onBind(pdu),
      onOutbind: (pdu) => {
        this.#state = 'OUTBOUND'
        settings.events.onOutbind?.(this, pdu)
      },
      onUnbind: (sequence) => this.#onUnbind(sequence),
      onResponse: (...response) => this.#onResponse(...response),
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

  get #isUnbound(): boolean {
    return this.#state === 'OPEN' || this.#state === 'OUTBOUND'
  }

  /** Ours, and from the bind on the lower one of both sides' (SMPP 3.4 §5.2.4). */
  get interfaceVersion(): InterfaceVersion {
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

  /** Of what the peer sent, the octets that are no whole PDU yet, or wait until reading goes on. */
  get octetsHeld(): number {
    return this.#reader.octetsHeld
  }

  /** Whether state and version allow it. */
  canSend(command: CommandName): boolean {
    return this.#maySend(compiledByName(command))
  }

  /**
   * Sends a request and returns its sequence_number; undefined when the window is full, or state
   * or version forbid it. Throws PduError when a field does not fit on the wire.
   */
  request<C extends RequestCommand>(
    command: C,
    fields: Partial<PduBodies[C]>,
    onOutcome: (outcome: OutcomeOf<C>) => void,
  ): number | undefined {
    const compiled = compiledByName(command)
    if (this.windowFree === 0 || !this.#maySend(compiled)) return undefined
    const sequence = this.#window.nextSequence()
    this.#writer.write(compiled, status.ESME_ROK, sequence, fields)
    this.#expect(compiled, sequence, onOutcome)
    return sequence
  }

  /**
   * The same with a body from encodeBody, or as it was received. Throws PduError when the peer
   * must not get TLVs and the body cannot be read to leave them out.
   */
  requestBody<C extends RequestCommand>(
    command: C,
    body: Buffer,
    onOutcome: (outcome: OutcomeOf<C>) => void,
  ): number | undefined {
    const compiled = compiledByName(command)
    if (this.windowFree === 0 || !this.#maySend(compiled)) return undefined
    if (!this.#writer.allowsTlvs)
      return this.request(command, compiled.decodeBody(body, 0, body.length), onOutcome)
    const sequence = this.#window.nextSequence()
    this.#writer.writeEncoded(compiled.row.command_id, sequence, body)
    this.#expect(compiled, sequence, onOutcome)
    return sequence
  }

  /**
   * Sends what has no response; false when state or version forbid it. Throws PduError when a
   * field does not fit on the wire.
   */
  notify<C extends OneWayCommand>(command: C, fields: Partial<PduBodies[C]>): boolean {
    const compiled = compiledByName(command)
    if (!this.#maySend(compiled)) return false
    this.#writer.write(compiled, status.ESME_ROK, this.#window.nextSequence(), fields)
    if (command === 'outbind') this.#state = 'OUTBOUND'
    return true
  }

  /** A refusal is its header alone, unless `fields` are given (a reason in a TLV). */
  respond<C extends RequestCommand>(
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
    if (!this.#reader.isHeldForBind || !this.#isUnbound) return
    const { command, interface_version } = request
    this.#becomeBound(command, request, interface_version)
    const ours = this.#settings.interfaceVersion
    const tlvs = this.#writer.allowsTlvs ? [tlv('sc_interface_version', ours)] : []
    this.#writer.answer(request, status.ESME_ROK, { system_id: systemId, tlvs })
    this.#reader.releaseBind()
  }

  /** Answers, then closes. */
  refuseBind(request: Pdu<BindCommand>, commandStatus: number): void {
    if (!this.#reader.isHeldForBind || !this.#isUnbound) return
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
    if (this.#isUnbound) this.close('left before any bind')
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

  /**
   * For bindSession: `onAnswer` is called before anything behind the answer is read. Throws
   * PduError when the version has no such bind, or a field does not fit on the wire.
   */
  requestBind(
    command: BindCommand,
    body: BindBody,
    onAnswer: (outcome: RequestOutcome) => void,
  ): void {
    const compiled = compiledByName(command)
    if (!this.#maySend(compiled)) {
      const version = this.#interfaceVersion.toString(16)
      const reason = `there is no ${command} in version 0x${version}. Bind one way, or ask for 0x34`
      throw new PduError(status.ESME_RINVCMDID, 'interface_version', reason)
    }
    const sequence = this.#window.nextSequence()
    this.#writer.write(compiled, status.ESME_ROK, sequence, body)
    this.#expect(compiled, sequence, (outcome: RequestOutcome) => {
      const isBound =
        outcome.kind === 'response' && this.#acceptBindResp(command, body, outcome.pdu)
      onAnswer(outcome)
      // The owner learns of its session from a promise: what is right behind the answer waits.
      if (isBound) setImmediate(() => this.#reader.releaseBind())
    })
  }

  #acceptBindResp(command: BindCommand, body: BindBody, pdu: Pdu): boolean {
    if (pdu.command_status !== status.ESME_ROK || !('tlvs' in pdu)) return false
    const told = readTlv(pdu.tlvs, 'sc_interface_version')
    this.#becomeBound(command, body, told ?? this.#settings.versionWhenUntold)
    this.#reader.holdForBind()
    return true
  }

  #becomeBound(command: BindCommand, body: BindBody, theirVersion: number): void {
    const { system_id, system_type, interface_version, address_range } = body
    this.#bind = { command, system_id, system_type, interface_version, address_range }
    this.#state = BOUND_STATE[command]
    this.#interfaceVersion = lowerVersion(this.#settings.interfaceVersion, theirVersion)
    // Peers of 3.3 know no TLVs (SMPP 3.4 §3.4).
    this.#writer.allowsTlvs = this.#interfaceVersion >= INTERFACE_VERSION.V3_4
    this.#clock.bound()
    this.#settings.onBound?.(this)
  }

  #maySend({ sentBy, since }: CompiledPdu): boolean {
    return (
      !this.#departure.hasBegun &&
      since <= this.#interfaceVersion &&
      sentBy[this.#settings.side].has(this.#state)
    )
  }

  #expect<P>(
    { row }: CompiledPdu,
    sequence: number,
    onOutcome: (outcome: RequestOutcome<P>) => void,
  ): void {
    const responseId = row.command_id + RESPONSE_BIT
    // The window gives it only responses to this command, and generic_nack.
    const onAny = onOutcome as (outcome: RequestOutcome) => void
    this.#window.add(responseId, sequence, this.#clock.requested(), onAny)
  }

  #onMessage(owes: boolean): void {
    if (owes) this.#owed++
    this.#clock.message()
  }

  #onBind(pdu: Pdu<BindCommand>): void {
    this.#reader.holdForBind()
    this.#clock.bindWaits()
    const { onBind } = this.#settings.events
    if (onBind) onBind(this, pdu)
    else this.refuseBind(pdu, status.ESME_RBINDFAIL)
  }

  #onResponse(compiled: CompiledPdu, octets: Buffer, start: number, end: number): void {
    const sequence = octets.readUInt32BE(start + 12)
    const { command_id } = compiled.row
    const isNack = compiled.command === 'generic_nack'
    if (this.#departure.awaitsUnbindResp && sequence === this.#unbindSequence) {
      if (isNack || compiled.command === 'unbind_resp') this.#departure.receivedUnbindResp()
    } else if (this.#window.expects(sequence, command_id, isNack)) {
      this.#window.settle(sequence, decodeResponse(compiled, octets, start, end))
      if (this.#departure.hasBegun) this.#departure.advance(false)
    }
    // Others answer enquire_link, or nothing, or come too late: ignored (SMPP 5.0 §2.11.1).
  }

  #onUnbind(sequence: number): void {
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
