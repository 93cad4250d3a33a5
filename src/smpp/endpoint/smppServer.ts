import type { Socket } from 'node:net'
import {
  Acceptor,
  LISTEN_WITH_TLS,
  proxyProtocolCheck,
  type ProxyProtocol,
} from '../transport/acceptor.ts'
import type { RefusedConnection } from '../transport/arrival.ts'
import type { SessionLimits } from '../session/defaultLimits.ts'
import { INTERFACE_VERSION, type InterfaceVersion } from '../wire/interfaceVersion.ts'
import * as check from '../wire/optionCheck.ts'
import { checkOptions, type OptionChecks, type Options } from '../wire/optionCheck.ts'
import { outbind, OUTBIND_OPTIONS, type OutbindOptions } from './outbind.ts'
import type { Endpoint } from '../transport/proxyHeader.ts'
import { Session } from '../session/session.ts'
import {
  DEFAULT_MAX_SESSIONS,
  DEFAULT_WINDOW_SIZE,
  MAX_PDU_OCTETS,
  told,
} from '../session/sessionDefaults.ts'
import { SESSION_CHECKS, SESSION_EVENT_CHECKS, versionCheck } from '../session/sessionSettings.ts'
import { timersOf, type SessionTimers } from '../session/sessionTimers.ts'
import type { SessionEvents, SessionSettings } from '../session/sessionSettings.ts'
import { SmppConnectError } from '../transport/smppConnectError.ts'
import { serverTlsCheck, type SecureContext, type ServerTlsOptions } from '../transport/tlsGate.ts'

/** system_id has 16 octets including its NUL (SMPP 3.4 §4.1.2). */
const SYSTEM_ID_CHARACTERS_MAX = 15

/** The events of a server: the events of its sessions and two events of the server itself. */
export interface SmppServerEvents extends SessionEvents {
  /**
   * A connection has become a session. Its PROXY header and TLS handshake are complete, and no PDU
   * has been read or sent. To refuse the connection without an answer, call `session.close`. Each
   * session that is reported here is also reported to onClosed when it closes. For an outbind (SMPP
   * 3.4 §4.1.7), this event precedes the outbind PDU. The handler must not throw.
   */
  onConnection?(session: Session): void
  /** The server closed a connection, without sending a PDU, before it became a session. */
  onRefusedConnection?(refused: RefusedConnection): void
}

export const SERVER_EVENT_CHECKS: OptionChecks<SmppServerEvents> = {
  ...SESSION_EVENT_CHECKS,
  onRefusedConnection: check.handler,
  onConnection: check.handler,
}

/** Options of a server. Only `events` is required. */
export interface SmppServerOptions {
  /** Event handlers. Without `onBind`, every bind is refused. */
  readonly events: SmppServerEvents
  /** In milliseconds. Missing timers default to DEFAULT_TIMERS. */
  readonly timers?: Partial<SessionTimers>
  /** The number of our requests that may be unanswered, per session. Default 100. */
  readonly windowSize?: number
  /**
   * The maximum number of connections, including connections whose PROXY header or TLS handshake is
   * not complete. Further connections are closed without an answer. Default 10,000.
   */
  readonly maxSessions?: number
  /** Our system_id, sent in bind_resp (SMPP 3.4 §4.1.2). Default ''. */
  readonly systemId?: string
  /** The maximum size of a received PDU in octets. Default 70,000. */
  readonly maxPduOctets?: number
  /** Limits on memory and pending work of one session. Missing limits default to DEFAULT_LIMITS. */
  readonly limits?: Partial<SessionLimits>
  /** Makes each window follow its peer's congestion_state, up to windowSize. Default false. */
  readonly followCongestion?: boolean
  /** Our highest version, sent in bind_resp. Default 5.0. */
  readonly interfaceVersion?: InterfaceVersion
  /** TLS for ports without their own `tls` option. Default: plain TCP. */
  readonly tls?: ServerTlsOptions
  /** The PROXY protocol for ports without their own `proxyProtocol` option. Default: none. */
  readonly proxyProtocol?: ProxyProtocol
}

export const SERVER_OPTIONS: Options<SmppServerOptions> = {
  checks: {
    ...SESSION_CHECKS,
    events: check.handlers({ checks: SERVER_EVENT_CHECKS }),
    maxSessions: check.integer(1),
    systemId: check.shortText(SYSTEM_ID_CHARACTERS_MAX),
    interfaceVersion: versionCheck,
    tls: serverTlsCheck,
    proxyProtocol: proxyProtocolCheck,
  },
  needed: ['events'],
}

/** Options of one port. */
export interface ListenOptions {
  /** 0 picks any free port. */
  readonly port: number
  /** Default: all addresses of this machine. */
  readonly host?: string
  /** Default: the option of the server. `false` means plain TCP. */
  readonly tls?: ServerTlsOptions | false
  /** Default: the option of the server. */
  readonly proxyProtocol?: ProxyProtocol
  /** Aborting the signal closes the whole server, as `close` does, not only this port. */
  readonly signal?: AbortSignal
}

export const LISTEN_OPTIONS: Options<ListenOptions> = {
  checks: {
    port: check.port(0),
    host: check.host,
    tls: serverTlsCheck,
    proxyProtocol: proxyProtocolCheck,
    signal: check.signal,
  },
  needed: ['port'],
}

/** One listening port. */
export interface SmppListener {
  /** The actual port, even if 0 was requested. */
  readonly port: number
  /**
   * Sets a new certificate or CA for future TLS connections. Existing connections are not affected.
   * Missing options keep their values. Throws if the context is invalid or the port has no TLS.
   */
  setSecureContext(context: SecureContext): void
  /** Stops accepting connections at this port. Existing sessions continue. */
  stop(): void
}

/** A message centre: its sessions and its ports. */
export interface SmppServer extends AsyncDisposable {
  /** All open sessions, bound or not. */
  readonly sessions: ReadonlySet<Session>
  /**
   * Opens one port. Rejects with Node's error (code EADDRINUSE, EACCES, …) or with TypeError or
   * RangeError for invalid options. If the server is closed before the port is open, it rejects
   * with an Error. If `signal` is aborted before then, it rejects with the reason of the signal.
   */
  listen(options: ListenOptions): Promise<SmppListener>
  listen(
    port: number,
    host?: string,
    options?: Omit<ListenOptions, 'port' | 'host'>,
  ): Promise<SmppListener>
  /**
   * Connects to an ESME and asks it to bind (SMPP 3.4 §2.2.1, §4.1.7; 5.0 §4.1.1.7). The bind of
   * the ESME calls `onBind`, like any other bind, with a session in state OUTBOUND. The promise
   * resolves when that bind is accepted. It rejects with SmppConnectError if the connection fails,
   * if no bind arrives within the session-init timer, if `onBind` refuses the bind, or if
   * maxSessions is reached. It rejects with TypeError or RangeError if an option is unknown or its
   * value is invalid.
   */
  outbind(options: OutbindOptions): Promise<Session>
  /**
   * Sets a new certificate or CA for future TLS connections at all current ports with TLS. Missing
   * options keep their values. Throws if the context is invalid or no port has TLS.
   */
  setSecureContext(context: SecureContext): void
  /** Stops accepting connections. Existing sessions continue. */
  stopAccepting(): void
  /**
   * Stops accepting connections, ends connections that are not sessions yet, and unbinds all
   * sessions. Resolves when all connections have ended. Each session waits at most one response
   * timer for outstanding responses, another response timer for unbind_resp, and another 2 s if the
   * peer keeps the connection open. Aborting `signal` closes the remaining sessions immediately.
   * Then only the wait of up to 2 s remains.
   */
  close(options?: { readonly signal?: AbortSignal }): Promise<void>
}

/**
 * Creates a message centre (SMPP 3.4 §2.2). `await using server = createSmppServer({ events })`
 * closes it at the end of the block. Throws TypeError or RangeError if an option is unknown or its
 * value is invalid.
 */
export function createSmppServer(options: SmppServerOptions): SmppServer {
  checkOptions('createSmppServer', options, SERVER_OPTIONS)
  return new MessageCentre(options)
}

class MessageCentre implements SmppServer {
  readonly sessions = new Set<Session>()
  /** Includes closed sessions whose peer keeps the connection open. */
  readonly #connections = new Set<Session>()
  readonly #options: SmppServerOptions
  readonly #settings: SessionSettings
  readonly #maxSessions: number
  readonly #acceptors = new Set<Acceptor>()
  readonly #closing = new AbortController()
  /** The number of outbind calls that are still connecting. */
  #leaving = 0

  constructor(options: SmppServerOptions) {
    this.#options = options
    this.#settings = settingsOf(options, {
      onClosed: (session) => this.sessions.delete(session),
      onGone: (session) => this.#connections.delete(session),
    })
    this.#maxSessions = options.maxSessions ?? DEFAULT_MAX_SESSIONS
  }

  async listen(
    first: number | ListenOptions,
    host?: string,
    rest: Omit<ListenOptions, 'port' | 'host'> = {},
  ): Promise<SmppListener> {
    const named = host === undefined ? {} : { host }
    const at = typeof first === 'object' ? first : { ...rest, ...named, port: first }
    checkOptions('listen', at, LISTEN_OPTIONS)
    const { signal } = at
    signal?.throwIfAborted()
    this.#closing.signal.throwIfAborted()
    const acceptor = this.#acceptor(at)
    const port = await acceptor.listen(at.port, at.host)
    this.#acceptors.add(acceptor)
    // The signal may have been aborted while the port was opening.
    if (signal?.aborted) void this.close()
    if (this.#closing.signal.aborted) acceptor.close()
    signal?.throwIfAborted()
    this.#closing.signal.throwIfAborted()
    this.#closeOnAbort(signal)
    return {
      port,
      setSecureContext: (context) => acceptor.setSecureContext(context),
      stop: () => acceptor.stop(),
    }
  }

  async outbind(options: OutbindOptions): Promise<Session> {
    checkOptions('outbind', options, OUTBIND_OPTIONS)
    if (!this.#hasRoom()) {
      const message = 'the limit maxSessions is reached'
      throw new SmppConnectError('TOO_MANY_SESSIONS', message)
    }
    const closing = this.#closing.signal
    const signal = options.signal ? AbortSignal.any([options.signal, closing]) : closing
    this.#leaving++
    let isConnected = false
    const connected = () => {
      if (!isConnected) this.#leaving--
      isConnected = true
    }
    try {
      return await outbind({ ...options, signal }, this.#settings, (session) => {
        connected()
        this.#add(session)
      })
    } finally {
      connected()
    }
  }

  setSecureContext(context: SecureContext): void {
    const acceptors = [...this.#acceptors].filter(({ hasTls }) => hasTls)
    if (acceptors.length === 0)
      throw new TypeError(`no port of this server uses TLS: ${LISTEN_WITH_TLS} first`)
    for (const acceptor of acceptors) acceptor.setSecureContext(context)
  }

  stopAccepting(): void {
    for (const acceptor of this.#acceptors) acceptor.stop()
  }

  async close({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#closing.abort(new Error('the server was closed; create another one'))
    for (const acceptor of this.#acceptors) acceptor.close()
    const cutOff = () => {
      for (const session of this.sessions) session.close('the server was closed')
    }
    if (signal?.aborted) cutOff()
    signal?.addEventListener('abort', cutOff)
    await Promise.all([...this.#connections].map((session) => session.unbind()))
    signal?.removeEventListener('abort', cutOff)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #closeOnAbort(signal: AbortSignal | undefined): void {
    const onAbort = () => void this.close()
    signal?.addEventListener('abort', onAbort)
    this.#closing.signal.addEventListener('abort', () => {
      signal?.removeEventListener('abort', onAbort)
    })
  }

  #acceptor({ tls, proxyProtocol }: ListenOptions): Acceptor {
    const { events, tls: usualTls, proxyProtocol: usualProxyProtocol } = this.#options
    const ways = { tls: tls ?? usualTls, proxyProtocol: proxyProtocol ?? usualProxyProtocol }
    return new Acceptor(ways, {
      timeoutMs: this.#settings.timers.sessionInitTimeoutMs,
      hasRoom: () => this.#hasRoom(),
      onReady: (socket: Socket, source: Endpoint | undefined) => {
        this.#add(new Session(socket, this.#settings, source))
      },
      onRefused: (refused) => events.onRefusedConnection?.(refused),
    })
  }

  #add(session: Session): void {
    this.sessions.add(session)
    this.#connections.add(session)
    this.#options.events.onConnection?.(session)
  }

  #hasRoom(): boolean {
    let connections = this.#connections.size + this.#leaving
    for (const { arriving } of this.#acceptors) connections += arriving
    return connections < this.#maxSessions
  }
}

function settingsOf(
  options: SmppServerOptions,
  { onClosed, onGone }: { onClosed(session: Session): void; onGone(session: Session): void },
): SessionSettings {
  const { events } = options
  const interfaceVersion = options.interfaceVersion ?? INTERFACE_VERSION.V5_0
  return {
    side: 'mc',
    interfaceVersion,
    versionWhenUntold: interfaceVersion,
    timers: timersOf(options.timers),
    windowSize: options.windowSize ?? DEFAULT_WINDOW_SIZE,
    systemId: options.systemId ?? '',
    maxPduOctets: options.maxPduOctets ?? MAX_PDU_OCTETS,
    limits: told(options.limits ?? {}),
    followCongestion: options.followCongestion ?? false,
    onGone,
    events: {
      ...events,
      onClosed(session, reason) {
        onClosed(session)
        events.onClosed?.(session, reason)
      },
    },
  }
}
