// The session of a client or a server. The comment on the class states its guarantees.

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
import type { BindBody, BindCommand, CommandName, OneWayCommand } from '../wire/pduTable.ts'
import type { Pdu, PduBodies, RequestCommand, ResponseTo, SessionState } from '../wire/pduTable.ts'
import type { Endpoint } from '../transport/proxyHeader.ts'
import { checkAdjustment, type SessionAdjustment } from './sessionAdjustment.ts'
import { SessionClock } from './sessionClock.ts'
import { sessionTls, type SessionTls } from '../transport/sessionTls.ts'
import type { OutcomeOf, RequestOutcome, SessionBind, SessionSettingsOf } from './sessionTypes.ts'
import { tlv } from '../wire/tlv.ts'

/**
 * One SMPP connection, on either side. Each of our requests gets exactly one outcome (a response, a
 * timeout, or `closed`). A timeout may be followed by one `late` outcome. The peer's requests reach
 * their handlers in wire order, and only after its bind is answered. Malformed input never throws
 * and is answered according to SMPP 5.0 §2.11. The session itself answers enquire_link and unbind.
 * It never retries a request: if the connection is lost, the fate of pending requests is unknown.
 * It never discards an answer: the session reads no requests while the peer reads no answers.
 */
export class Session {
  /** The peer's address, or the one from the PROXY header; '' if the peer has disconnected. */
  readonly remoteAddress: string
  /** The port that belongs to remoteAddress; 0 if the peer has disconnected. */
  readonly remotePort: number
  /** The TLS version and the peer's certificate; undefined over plain TCP. */
  readonly tls: SessionTls | undefined
  /** Any value that the application attaches to this session. */
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

  /** Called by connectSmpp and createSmppServer. `source` overrides the socket's remote address. */
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
        this.#closeReason = `the peer stopped reading: ${octets} octets are unsent`
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

  /** The state as defined in SMPP 5.0 §2.3. */
  get state(): SessionState {
    return this.#state
  }

  get #isUnbound(): boolean {
    return this.#state === 'OPEN' || this.#state === 'OUTBOUND'
  }

  /** Our version until the bind, then the lower of the two versions (SMPP 3.4 §5.2.4). */
  get interfaceVersion(): InterfaceVersion {
    return this.#binding.interfaceVersion
  }

  /** The fields of the bind request; undefined until the session is bound. */
  get bind(): Readonly<SessionBind> | undefined {
    return this.#binding.bind
  }

  /** The number of our requests that are waiting for a response. */
  get unanswered(): number {
    return this.#requests.size
  }

  /** The number of requests that may be sent now; 0 once the session is unbinding or closed. */
  get windowFree(): number {
    return this.#requests.free
  }

  /** The number of requests from the peer that are waiting for `respond`. */
  get unansweredByUs(): number {
    return this.#inbound.owed
  }

  /** The octets held for an incomplete PDU or for PDUs that are not handled yet. */
  get octetsHeld(): number {
    return this.#reader.octetsHeld
  }

  /** The last congestion_state from the peer (0-100, SMPP 5.0 §4.8.4.18). */
  get peerCongestion(): number | undefined {
    return this.#requests.congestionState
  }

  /**
   * Our congestion_state (0-100), sent in each response to a peer of version 5.0. If it is
   * `undefined`, the default, it is not sent. Throws PduError for any other value.
   */
  set congestionState(congestionState: number | undefined) {
    this.#writer.congestion =
      congestionState === undefined ? undefined : tlv('congestion_state', congestionState)
  }

  /** Whether the session's state and version allow the command (SMPP 3.4 §2.3, §3.4; 5.0 §2.4). */
  canSend(command: CommandName): boolean {
    return this.#maySend(compiledByName(command))
  }

  /**
   * Sends a request. Returns its sequence_number, or undefined if the window is full or the state
   * or version forbids the request (SMPP 3.4 §2.3). Throws PduError if a field does not fit.
   */
  request<C extends RequestCommand>(
    command: C,
    fields: Partial<PduBodies[C]>,
    onOutcome: (outcome: OutcomeOf<C>) => void,
  ): number | undefined {
    return this.#requests.request(command, fields, onOutcome)
  }

  /**
   * Like `request`, but with an encoded body. Throws PduError if the peer must not get TLVs (SMPP
   * 3.4 §3.4) and the body cannot be decoded to remove them.
   */
  requestBody<C extends RequestCommand>(
    command: C,
    body: Buffer,
    onOutcome: (outcome: OutcomeOf<C>) => void,
  ): number | undefined {
    return this.#requests.requestBody(command, body, onOutcome)
  }

  /**
   * Sends a request and resolves with its response, whatever its command_status. While the window
   * is full, requests wait and are sent in order. Rejects with RequestError, or with PduError if a
   * field does not fit. Aborting `signal` rejects the promise, but a request that was already sent
   * keeps its place in the window until it is answered or times out (SMPP 3.4 §5.1.4).
   */
  send<C extends RequestCommand>(
    command: C,
    fields: Partial<PduBodies[C]>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Pdu<ResponseTo<C>>> {
    return this.#requests.send(command, fields, signal)
  }

  /**
   * Sends outbind or alert_notification, which have no response (SMPP 3.4 §4.1.7, §4.12). Returns
   * false if the state or version forbids the PDU. Throws PduError if a field does not fit.
   */
  notify<C extends OneWayCommand>(command: C, fields: Partial<PduBodies[C]>): boolean {
    if (!this.#requests.notify(command, fields)) return false
    if (command === 'outbind') this.#state = 'OUTBOUND'
    return true
  }

  /**
   * Answers a request from the peer. A refusal is only a header unless `fields` are given, such as
   * a reason in a TLV (SMPP 3.4 §5.1.3). Call it exactly once per request: a second call counts as
   * the answer to another request. If a field does not fit, it throws PduError and does not answer.
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

  /** Changes the window or timers (SMPP 3.4 §7.2) of an open session. Throws on invalid values. */
  adjust(changes: SessionAdjustment): void {
    checkAdjustment(changes)
    if (this.#state === 'CLOSED') return
    this.#requests.adjust(changes)
    if (changes.timers) this.#clock.adjust(changes.timers)
  }

  /**
   * Stops reading until `resumeReading` or `unbind`. Meanwhile the peer's enquire_link is not
   * answered, and answers to our own requests are not read.
   */
  pauseReading(): void {
    this.#reader.hold('owner')
  }

  /** Resumes reading after pauseReading. */
  resumeReading(): void {
    this.#reader.release('owner')
  }

  /**
   * Accepts the bind with ESME_ROK (SMPP 3.4 §4.1), unless the session has closed. `systemId` and
   * `version` default to the server's. A higher `version` is lowered to the server's. If `systemId`
   * is longer than 15 characters, this throws PduError and does not answer the bind.
   */
  acceptBind(request: Pdu<BindCommand>, systemId?: string, version?: InterfaceVersion): void {
    if (this.#binding.isAsked && this.#isUnbound) this.#binding.accept(request, systemId, version)
  }

  /** Refuses the bind (SMPP 3.4 §4.1) and closes, unless the session has already closed. */
  refuseBind(request: Pdu<BindCommand>, commandStatus: number): void {
    if (!this.#binding.isAsked || !this.#isUnbound) return
    this.#writer.answer(request, commandStatus)
    this.close(`bind refused: ${status.commandStatusName(commandStatus)}`)
  }

  /**
   * Ends the session cleanly (SMPP 3.4 §4.2): sends no new requests, waits for outstanding answers
   * on both sides, sends unbind, waits for unbind_resp, and closes. The response timer limits each
   * wait. Until unbind is sent, new requests from the peer reach their handlers. After that,
   * messages from the peer get a temporary error, and other requests get ESME_RINVBNDSTS.
   */
  unbind(): Promise<void> {
    if (this.#isGone) return Promise.resolve()
    const gone = new Promise<void>((resolve) => this.#whenGone.push(resolve))
    if (this.#isUnbound) this.close('closed before any bind')
    else if (this.#state !== 'CLOSED') this.#departure.begin()
    this.#requests.refuseWaiting()
    // The outstanding answers and the end of the connection must still be read.
    this.resumeReading()
    return gone
  }

  /** Calls unbind, for `await using session = await connectSmpp(…)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.unbind()
  }

  /** Closes now (SMPP 5.0 §2.3). Pending requests end as `closed`. Written PDUs are still sent. */
  close(reason: string): void {
    if (this.#state === 'CLOSED') return
    this.#writer.close()
    this.#state = 'CLOSED'
    this.#closeReason = reason
    this.#clock.closing()
    this.#reader.close()
    // Close our half only and keep reading: closing a socket with unread octets resets the
    // connection, and the peer would lose our last answer.
    this.#socket.end()
    setImmediate(() => this.#finish())
  }

  /** Called by bindSession. `onAnswer` runs before any PDU after the answer is read. @internal */
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
    // The cause is a load balancer's probe or a lost peer. The event 'close' follows in both cases.
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
