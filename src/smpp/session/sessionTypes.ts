// The types of a session's settings and events. The class Session imports this file, so this file
// cannot import the class. The types here have a type parameter instead, which sessionSettings.ts
// sets to Session.

import type { InterfaceVersion } from '../wire/interfaceVersion.ts'
import type { BindBody, BindCommand, Pdu, RequestCommand, ResponseTo } from '../wire/pduTable.ts'
import type { SessionLimits } from './defaultLimits.ts'
import type { SessionTimers } from './sessionTimers.ts'

/**
 * The outcome of a request. A `response` may have any command_status and may be a generic_nack. If
 * the peer answers after a `timeout`, one `late` outcome follows.
 */
export type RequestOutcome<P = Pdu> =
  | { readonly kind: 'response'; readonly pdu: P }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'late'; readonly pdu: P }

/** The outcome of one kind of request. */
export type OutcomeOf<C extends RequestCommand> = RequestOutcome<
  Pdu<ResponseTo<C> | 'generic_nack'>
>

/** The identity of the bound ESME and the kind of bind, from the bind request (SMPP 3.4 §4.1). */
export interface SessionBind extends Pick<
  BindBody,
  'system_id' | 'system_type' | 'interface_version' | 'address_range'
> {
  /** Says whether the ESME sends messages, receives messages, or does both. */
  readonly command: BindCommand
}

/** The argument of onMalformed. */
export interface MalformedInput {
  /** The value on the wire. */
  readonly command_id: number
  /** An explanation for a log. The peer does not see it. */
  readonly reason: string
  /** The command_status of our answer. */
  readonly commandStatus: number
}

export type RequestHandlersOf<Session> = {
  readonly [C in RequestCommand]?: (session: Session, pdu: Pdu<C>, body: Buffer) => void
}

export interface SessionEventsOf<Session> extends PduEventsOf<Session> {
  /**
   * Server side: the peer sent a bind request. Answer it with acceptBind or refuseBind, immediately
   * or later. Until it is answered, nothing else is read from this session. If the answer takes
   * longer than the response timer, the session closes. Without this handler every bind is refused.
   */
  onBind?(session: Session, pdu: Pdu<BindCommand>): void
  /** Handlers for requests. A request without a handler is answered with ESME_RINVCMDID. */
  readonly requests?: RequestHandlersOf<Session>
  /** Client side: a handset is reachable again (SMPP 3.4 §4.12). This PDU has no response. */
  onAlertNotification?(session: Session, pdu: Pdu<'alert_notification'>): void
  /**
   * Client side: the centre asks an unbound session to bind (SMPP 3.4 §2.2.1). Call bindSession or
   * session.close. This PDU has no response.
   */
  onOutbind?(session: Session, pdu: Pdu<'outbind'>): void
  /**
   * Called exactly once, after the outcomes of all pending requests. Never called from within a
   * call of a session method.
   */
  onClosed?(session: Session, reason: string): void
  /**
   * The window has room again after `request` found it full and returned undefined. Waiting calls
   * of `send` are served first.
   */
  onWindowFree?(session: Session): void
  /**
   * A response contained a new value of the peer's congestion_state (0-100, SMPP 5.0 §4.8.4.18).
   */
  onCongestion?(session: Session, congestionState: number): void
  /** The peer sent malformed input. Called after the answer was written. */
  onMalformed?(session: Session, what: MalformedInput): void
}

export interface PduEventsOf<Session> {
  /** Called before the PDU is handled. */
  onPduReceived?(session: Session, command_id: number, status: number, octets: number): void
  /**
   * Called when a PDU is written. All PDUs that are written in one event loop iteration are sent
   * together.
   */
  onPduSent?(session: Session, command_id: number, status: number, octets: number): void
  /** One of our requests was answered, possibly late, `elapsedMs` after it was written. */
  onAnswered?(session: Session, response_id: number, elapsedMs: number): void
}

export interface SessionSettingsOf<Session> {
  /** Our side: a message centre (server) or an ESME (client). */
  readonly side: 'mc' | 'esme'
  /** Our highest version. The session uses the lower of the two sides' versions. */
  readonly interfaceVersion: InterfaceVersion
  /** Client side: the version to assume if bind_resp has no sc_interface_version. */
  readonly versionWhenUntold: InterfaceVersion
  /** The event handlers of the application. */
  readonly events: SessionEventsOf<Session>
  /** In milliseconds. */
  readonly timers: SessionTimers
  /** The number of our requests that may be unanswered. */
  readonly windowSize: number
  /** The maximum size of a PDU. A longer PDU is treated as lost framing (SMPP 5.0 §2.11.2). */
  readonly maxPduOctets: number
  /** Missing limits default to DEFAULT_LIMITS. */
  readonly limits?: Partial<SessionLimits>
  /**
   * Makes the window follow the peer's congestion_state, with `windowSize` as its upper bound. The
   * window grows while congestion_state is below 80 and shrinks while it is above 90. Default:
   * false.
   */
  readonly followCongestion?: boolean
  /** Our system_id, sent in bind_resp. */
  readonly systemId: string
  /** Called when the session is bound. On a server, this is before bind_resp is sent. */
  readonly onBound?: (session: Session) => void
  /**
   * Called when the connection has ended. The peer may keep it open for 2 s after the session has
   * closed.
   */
  readonly onGone?: (session: Session) => void
}

/** The settings that the parts of a session need: all except the handlers and callbacks. */
export type SessionRules = Omit<SessionSettingsOf<never>, 'events' | 'onBound' | 'onGone'>
