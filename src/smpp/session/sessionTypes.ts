// What a session tells its owner, and what it is told. The class Session imports this file, so this
// file cannot import the class: it is a type parameter here, and sessionSettings.ts fills it in.

import type { InterfaceVersion } from '../wire/interfaceVersion.ts'
import type { BindBody, BindCommand, Pdu, RequestCommand, ResponseTo } from '../wire/pduTable.ts'
import type { SessionLimits } from './defaultLimits.ts'
import type { SessionTimers } from './sessionTimers.ts'

/**
 * What became of a request. `response` has any command_status and may be a generic_nack. `late` may
 * follow `timeout` once: the peer answered after all.
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

/** Who is bound, and how, as the bind had it (SMPP 3.4 §4.1). */
export interface SessionBind extends Pick<
  BindBody,
  'system_id' | 'system_type' | 'interface_version' | 'address_range'
> {
  /** As what: it sends, receives, or both. */
  readonly command: BindCommand
}

/** What onMalformed is told. */
export interface MalformedInput {
  /** As on the wire. */
  readonly command_id: number
  /** In words, for a log; the peer does not see it. */
  readonly reason: string
  /** What was answered. */
  readonly commandStatus: number
}

export type RequestHandlersOf<Session> = {
  readonly [C in RequestCommand]?: (session: Session, pdu: Pdu<C>, body: Buffer) => void
}

export interface SessionEventsOf<Session> extends PduEventsOf<Session> {
  /**
   * Server side: answer with acceptBind or refuseBind, now or later. Until then nothing else is
   * read from this session, and a bind left unanswered for the response timer closes it. Without
   * this handler every bind is refused.
   */
  onBind?(session: Session, pdu: Pdu<BindCommand>): void
  /** A request that is not here is answered ESME_RINVCMDID. */
  readonly requests?: RequestHandlersOf<Session>
  /** Client side: a handset can be reached again (SMPP 3.4 §4.12). It has no response. */
  onAlertNotification?(session: Session, pdu: Pdu<'alert_notification'>): void
  /**
   * Client side, before a bind: the centre asks for one (SMPP 3.4 §2.2.1). No response; answer
   * with bindSession or session.close.
   */
  onOutbind?(session: Session, pdu: Pdu<'outbind'>): void
  /** Exactly once, after the outcome of each pending request; never from inside a method call. */
  onClosed?(session: Session, reason: string): void
  /**
   * The window was full, which `request` told by returning undefined, and has room again. What
   * waits in `send` goes first.
   */
  onWindowFree?(session: Session): void
  /**
   * The peer's congestion_state (0-100, SMPP 5.0 §4.8.4.18) came in a response, and is another than
   * before.
   */
  onCongestion?(session: Session, congestionState: number): void
  /** After the answer was sent. */
  onMalformed?(session: Session, what: MalformedInput): void
}

export interface PduEventsOf<Session> {
  /** Before it is handled. */
  onPduReceived?(session: Session, command_id: number, status: number, octets: number): void
  /** When it is written; it leaves with what else is written in this turn. */
  onPduSent?(session: Session, command_id: number, status: number, octets: number): void
  /** A request of ours was answered, `elapsedMs` after it was written. Also when it came late. */
  onAnswered?(session: Session, response_id: number, elapsedMs: number): void
}

export interface SessionSettingsOf<Session> {
  /** Who we are: a message centre (server) or an ESME (client). */
  readonly side: 'mc' | 'esme'
  /** What we speak at most; the session's version is the lower one of both sides'. */
  readonly interfaceVersion: InterfaceVersion
  /** Client side: the version of a centre whose bind_resp has no sc_interface_version. */
  readonly versionWhenUntold: InterfaceVersion
  /** Whom to tell. */
  readonly events: SessionEventsOf<Session>
  /** In milliseconds. */
  readonly timers: SessionTimers
  /** How many requests of ours may be unanswered. */
  readonly windowSize: number
  /** Above, framing counts as lost (SMPP 5.0 §2.11.2). */
  readonly maxPduOctets: number
  /** Missing ones as in DEFAULT_LIMITS. */
  readonly limits?: Partial<SessionLimits>
  /**
   * Lets the window follow the peer's congestion_state instead of staying at `windowSize`, which is
   * then its upper bound: it grows below 80, shrinks above 90. Default false.
   */
  readonly followCongestion?: boolean
  /** Ours, put into bind_resp. */
  readonly systemId: string
  /** For those who wait for a bind that the peer begins; called before bind_resp is sent. */
  readonly onBound?: (session: Session) => void
  /** The connection is gone; a peer may keep it for 2 s when the session has closed. */
  readonly onGone?: (session: Session) => void
}

/** The settings that the parts of a session need: all but the handlers of its owner. */
export type SessionRules = Omit<SessionSettingsOf<never>, 'events' | 'onBound' | 'onGone'>
