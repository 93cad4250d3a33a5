// Sessions, of either side. What they promise, retry and drop stands above the class.

import type { Socket } from 'node:net'
import { compiledByName } from '../wire/codec.ts'
import { Binding } from './binding.ts'
import * as status from '../wire/commandStatus.ts'
import type { CompiledPdu } from '../wire/compilePdu.ts'
import { DEFAULT_LIMITS } from './defaultLimits.ts'
import { Departure } from './departure.ts'
import { InboundPdus } from './inboundPdus.ts'
import type { InterfaceVersion } from '../wire/interfaceVersion.ts'
import { OutboundRequests } from './outboundRequests.ts'
import { OwedAnswers } from './owedAnswers.ts'
import { PduReader } from './pduReader.ts'
import { PduWriter } from './pduWriter.ts'
import { peerOf } from '../transport/peerOf.ts'
import {
  type BindBody,
  type BindCommand,
  type CommandName,
  type OneWayCommand,
  type Pdu,
  type PduBodies,
  type RequestCommand,
  type ResponseTo,
  type SessionState,
} from '../wire/pduTable.ts'
import type { Endpoint } from '../transport/proxyHeader.ts'
import { SessionClock } from './sessionClock.ts'
import { sessionTls, type SessionTls } from '../transport/sessionTls.ts'
import type { OutcomeOf, RequestOutcome, SessionBind, SessionSettingsOf } from './sessionTypes.ts'
import { tlv } from '../wire/tlv.ts'

/**
 * One SMPP connection, of either side. Each request of ours gets exactly one outcome (a response, a
 * timeout, or `closed`), and at most one `late` after a timeout. Requests of the peer reach the
 * owner in the order of the wire, none before its bind is answered; its input, whatever it is, is
 * answered as SMPP 5.0 §2.11 says and never throws. enquire_link and unbind are answered here.
 * Nothing is retried: whether the peer took what was pending when the connection went is unknown.
 * Reading stops while the peer does not read our answers; nothing is dropped.
 */
export class Session {
  /** The peer's; behind a proxy that says so, the real client's. '' when it has gone. */
  readonly remoteAddress: string
  /** As remoteAddress; 0 when the peer has gone. */
  readonly remotePort: number
  /** Over TLS: the protocol, and the peer's certificate. */
  readonly tls: SessionTls | undefined
  /** The owner's own object for this session. */
  context: unknown = undefined
  readonly #socket: Socket
  readonly #settings: SessionSettingsOf<Session>
  readonly #reader: PduReader
  readonly #writer: PduWriter
  readonly #requests: OutboundRequests
  readonly #clock: SessionClock
  readonly #departure: Departure
  readonly #inbound: InboundPdus<Session>
  readonly #binding: Binding
  #state: SessionState = 'OPEN'
  #closeReason = 'the peer closed the connection'
  #isFinished = false
  #isGone = false
  readonly #whenGone: (() => void)[] = []

  /** connectSmpp and createSmppServer do it. `source`: the peer's, if not as the socket says. */
  constructor(socket: Socket, settings: SessionSettingsOf<Session>, source?: Endpoint) {
    ;({ remoteAddress: this.remoteAddress, remotePort: this.remotePort } = peerOf(socket, source))
    this.tls = sessionTls(socket)
    this.#socket = socket
    this.#settings = settings
    const limits = { ...DEFAULT_LIMITS, ...settings.limits }
    const { onPduSent, onAnswered } = settings.events
    this.#writer = new PduWriter(
      socket,
      () => this.#reader.checkCongestion(),
      onPduSent && ((...sent) => settings.events.onPduSent?.(this, ...sent)),
    )
    this.#requests = new OutboundRequests(settings, limits.waitingSends, this.#writer, {
      maySend: (compiled) => this.#maySend(compiled),
      isLeaving: () => this.#departure.hasBegun || this.#state === 'CLOSED',
      requested: () => this.#clock.requested(),
      onCongestion: (state) => settings.events.onCongestion?.(this, state),
      onAnswered: onAnswered && ((...answer) => settings.events.onAnswered?.(this, ...answer)),
      onWindowFree: () => settings.events.onWindowFree?.(this),
    })
    this.#clock = new SessionClock(settings, {
      now: (nowMs) => this.#requests.expire(nowMs),
      enquire: () => this.#requests.sendBesides('enquire_link', {}),
      unbind: () => void this.unbind(),
      leavingOverdue: () => this.#departure.advance(true),
      close: (reason) => this.close(reason),
      destroy: () => socket.destroy(),
    })
    const { maxPduOctets } = settings
    const owed = new OwedAnswers(limits)
    this.#reader = new PduReader(socket, { ...limits, maxPduOctets }, this.#clock, {
      onChunk: (octets) => owed.received(octets),
      onUnsent: (octets) => {
        this.#closeReason = `the peer did not take what we sent: ${octets} octets wait`
        socket.destroy()
      },
      onPdu: (octets, start, end) => this.#inbound.receive(octets, start, end),
      onBroken: (octets, start, end) =>
        this.close(`framing lost: ${this.#inbound.framingLost(octets, start, end)}`),
    })
    this.#binding = new Binding(settings, {
      reader: this.#reader,
      writer: this.#writer,
      requests: this.#requests,
      clock: this.#clock,
      onBound: (state) => {
        this.#state = state
        settings.onBound?.(this)
      },
    })
    this.#inbound = new InboundPdus<Session>(this, settings, this.#writer, owed, {
      isLeaving: () => this.#departure.awaitsUnbindResp,
      onMessage: () => this.#clock.message(),
      holdReading: (isHeld) => this.#reader[isHeld ? 'hold' : 'release']('owed'),
      onBind: (pdu) => this.#onBind(pdu),
      onOutbind: (pdu) => {
        this.#state = 'OUTBOUND'
        settings.events.onOutbind?.(this, pdu)
      },
      onUnbind: (sequence) => this.#onUnbind(sequence),
      onResponse: (...response) => this.#onResponse(...response),
    })
    this.#departure = this.#newDeparture()
    this.#attend(socket)
  }

  /** As the specification calls it (SMPP 5.0 §2.3). */
  get state(): SessionState {
    return this.#state
  }

  get #isUnbound(): boolean {
    return this.#state === 'OPEN' || this.#state === 'OUTBOUND'
  }

  /** Ours, and from the bind on the lower one of both sides' (SMPP 3.4 §5.2.4). */
  get interfaceVersion(): InterfaceVersion {
    return this.#binding.interfaceVersion
  }

  /** Who is bound, and how; undefined before the bind. */
  get bind(): Readonly<SessionBind> | undefined {
    return this.#binding.bind
  }

  /** Our own requests without a response. */
  get unanswered(): number {
    return this.#requests.size
  }

  /** How many requests may leave now; 0 once we are about to leave. */
  get windowFree(): number {
    return this.#requests.free
  }

  /** The peer's requests that wait for `respond`. */
  get unansweredByUs(): number {
    return this.#inbound.owed
  }

  /** Of what the peer sent, the octets that are no whole PDU yet, or wait until reading goes on. */
  get octetsHeld(): number {
    return this.#reader.octetsHeld
  }

  /** The peer's (0-100, SMPP 5.0 §4.8.4.18), as of its last response that had one. */
  get peerCongestion(): number | undefined {
    return this.#requests.congestionState
  }

  /**
   * Ours, 0-100: put into each response of version 5.0. Undefined, the default, tells nothing.
   * Throws PduError when it is no such number.
   */
  set congestionState(congestionState: number | undefined) {
    this.#writer.congestion =
      congestionState === undefined ? undefined : tlv('congestion_state', congestionState)
  }

  /** Whether state and version allow it (SMPP 3.4 §2.3, §3.4; 5.0 §2.4). */
  canSend(command: CommandName): boolean {
    return this.#maySend(compiledByName(command))
  }

  /**
   * Sends a request and returns its sequence_number; undefined when the window is full, or state
   * or version forbid it (SMPP 3.4 §2.3). Throws PduError when a field does not fit on the wire.
   */
  request<C extends RequestCommand>(
    command: C,
    fields: Partial<PduBodies[C]>,
    onOutcome: (outcome: OutcomeOf<C>) => void,
  ): number | undefined {
    return this.#requests.request(command, fields, onOutcome)
  }

  /**
   * The same with a body from encodeBody, or as it was received. Throws PduError when the peer must
   * not get TLVs (SMPP 3.4 §3.4) and the body cannot be read to leave them out.
   */
  requestBody<C extends RequestCommand>(
    command: C,
    body: Buffer,
    onOutcome: (outcome: OutcomeOf<C>) => void,
  ): number | undefined {
    return this.#requests.requestBody(command, body, onOutcome)
  }

  /**
   * The same as a promise of the response, whatever its command_status. While the window is full it
   * waits, first come, first served. Rejects with RequestError, or with PduError when a field does
   * not fit on the wire. `signal` ends the waiting; what was sent stays sent, and keeps its place
   * in the window until its sequence_number is answered (SMPP 3.4 §5.1.4).
   */
  send<C extends RequestCommand>(
    command: C,
    fields: Partial<PduBodies[C]>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Pdu<ResponseTo<C>>> {
    return this.#requests.send(command, fields, signal)
  }

  /**
   * Sends what has no response; false when state or version forbid it. Throws PduError when a
   * field does not fit on the wire. It is outbind or alert_notification (SMPP 3.4 §4.1.7, §4.12).
   */
  notify<C extends OneWayCommand>(command: C, fields: Partial<PduBodies[C]>): boolean {
    if (!this.#requests.notify(command, fields)) return false
    if (command === 'outbind') this.#state = 'OUTBOUND'
    return true
  }

  /**
   * Answers a request of the peer. A refusal is its header alone, unless `fields` are given (a
   * reason in a TLV; SMPP 3.4 §5.1.3). Once for each request: a second answer counts for another.
   * Throws PduError when a field does not fit on the wire; the request still waits then.
   */
  respond<C extends RequestCommand>(
    request: { readonly command: C; readonly sequence_number: number },
    commandStatus: number,
    fields?: Partial<PduBodies[ResponseTo<C>]>,
  ): void {
    const isClosed = this.#state === 'CLOSED'
    if (!isClosed) this.#writer.answer(request, commandStatus, fields)
    this.#inbound.answered()
    if (!isClosed && this.#departure.hasBegun) this.#departure.advance(false)
  }

  /**
   * Reads nothing more from the peer until `resumeReading`: its requests pile up at its own end.
   * It gets no answer to enquire_link, our own requests get none. Ends with unbind at the latest.
   */
  pauseReading(): void {
    this.#reader.hold('owner')
  }

  /** Ends pauseReading. */
  resumeReading(): void {
    this.#reader.release('owner')
  }

  /**
   * ESME_ROK (SMPP 3.4 §4.1), and reading goes on. Nothing when the session has closed. Throws
   * PduError when `systemId` has more than 15 characters; the bind then still waits.
   */
  acceptBind(request: Pdu<BindCommand>, systemId = this.#settings.systemId): void {
    if (this.#binding.isAsked && this.#isUnbound) this.#binding.accept(request, systemId)
  }

  /** Answers (SMPP 3.4 §4.1), then closes. Does nothing when the session has closed meanwhile. */
  refuseBind(request: Pdu<BindCommand>, commandStatus: number): void {
    if (!this.#binding.isAsked || !this.#isUnbound) return
    this.#writer.answer(request, commandStatus)
    this.close(`bind refused: ${status.commandStatusName(commandStatus)}`)
  }

  /**
   * As SMPP 3.4 §4.2: no new requests of ours, the answers that both still owe, unbind, close.
   * Each wait is bounded by the response timer. New requests of the peer reach the owner until
   * unbind is sent; then messages are refused as temporary, all else with ESME_RINVBNDSTS.
   */
  unbind(): Promise<void> {
    if (this.#isGone) return Promise.resolve()
    const gone = new Promise<void>((resolve) => this.#whenGone.push(resolve))
    if (this.#isUnbound) this.close('left before any bind')
    else if (this.#state !== 'CLOSED') this.#departure.begin()
    this.#requests.refuseWaiting()
    // The answers that are awaited, and the end of the connection, have to be read.
    this.resumeReading()
    return gone
  }

  /** As unbind: `await using session = await connectSmpp(…)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.unbind()
  }

  /** At once (SMPP 5.0 §2.3): pending requests end as `closed`. What was written still leaves. */
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

  /** For bindSession: `onAnswer` comes before what is behind the answer is read. @internal */
  requestBind(
    command: BindCommand,
    body: BindBody,
    onAnswer: (outcome: RequestOutcome) => void,
  ): void {
    this.#binding.request(command, body, onAnswer)
  }

  #newDeparture(): Departure {
    return new Departure({
      weOwe: () => this.#inbound.owed > 0,
      theyOwe: () => this.#requests.size > 0,
      sendUnbind: () => {
        this.#state = 'UNBOUND'
        return this.#requests.sendBesides('unbind', {})
      },
      answerUnbind: (sequence_number) =>
        this.#writer.answer({ command: 'unbind', sequence_number }, status.ESME_ROK),
      setDeadline: (isLastStep) => this.#clock.leaving(isLastStep),
      close: (reason) => this.close(reason),
    })
  }

  #attend(socket: Socket): void {
    socket.setNoDelay(true)
    socket.on('end', () => this.close('the peer closed the connection'))
    // A reset before any octet is a balancer's probe, any other the peer gone: 'close' follows.
    socket.on('error', ({ message }) => {
      if (this.#state !== 'CLOSED') this.#closeReason = `connection lost: ${message}`
    })
    socket.on('close', () => this.#onSocketClosed())
  }

  #maySend({ sentBy, since }: CompiledPdu): boolean {
    return (
      !this.#departure.hasBegun &&
      since <= this.#binding.interfaceVersion &&
      sentBy[this.#settings.side].has(this.#state)
    )
  }

  #onBind(pdu: Pdu<BindCommand>): void {
    this.#binding.asked()
    const { onBind } = this.#settings.events
    if (onBind) onBind(this, pdu)
    else this.refuseBind(pdu, status.ESME_RBINDFAIL)
  }

  #onResponse(compiled: CompiledPdu, octets: Buffer, start: number, end: number): void {
    const { command } = compiled
    const isUnbindResp = command === 'unbind_resp' || command === 'generic_nack'
    if (isUnbindResp && this.#departure.awaits(octets.readUInt32BE(start + 12)))
      this.#departure.receivedUnbindResp()
    else if (this.#requests.receive(compiled, octets, start, end) && this.#departure.hasBegun)
      this.#departure.advance(false)
  }

  #onUnbind(sequence: number): void {
    this.#state = 'UNBOUND'
    this.#departure.receivedUnbind(sequence)
  }

  #onSocketClosed(): void {
    this.#state = 'CLOSED'
    this.#clock.stop()
    this.#reader.close()
    this.#writer.close()
    this.#finish()
    this.#isGone = true
    for (const resolve of this.#whenGone) resolve()
    this.#settings.onGone?.(this)
  }

  #finish(): void {
    if (this.#isFinished) return
    this.#isFinished = true
    this.#requests.close(this.#closeReason)
    this.#settings.events.onClosed?.(this, this.#closeReason)
  }
}
