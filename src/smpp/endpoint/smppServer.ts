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

/** system_id has 16 octets with its NUL (SMPP 3.4 §4.1.2). */
const SYSTEM_ID_CHARACTERS_MAX = 15

/** The events of a server: those of its sessions, and two of its own. */
export interface SmppServerEvents extends SessionEvents {
  /**
   * A connection has become a session: its PROXY header and TLS handshake are complete, and no PDU
   * was read or sent yet. `session.close` refuses it silently. onClosed follows for each session.
   * For an outbind (SMPP 3.4 §4.1.7) this is called before it is sent. It must not throw.
   */
  onConnection?(session: Session): void
  /** A connection was closed before it became a session, without sending a PDU. */
  onRefusedConnection?(refused: RefusedConnection): void
}

export const SERVER_EVENT_CHECKS: OptionChecks<SmppServerEvents> = {
  ...SESSION_EVENT_CHECKS,
  onRefusedConnection: check.handler,
  onConnection: check.handler,
}

/** Options of a server. Only `events` is required. */
export interface SmppServerOptions {
  /** Without `onBind`, every bind is refused. */
  readonly events: SmppServerEvents
  /** In milliseconds. Missing timers default to DEFAULT_TIMERS. */
  readonly timers?: Partial<SessionTimers>
  /** The number of our requests that may be unanswered, per session. Default 100. */
  readonly windowSize?: number
  /**
   * The maximum number of connections, including those in a PROXY header or TLS handshake. Further
   * ones are closed silently. Default 10,000.
   */
  readonly maxSessions?: number
  /** Sent in bind_resp (SMPP 3.4 §4.1.2). Default ''. */
  readonly systemId?: string
  /** Default 70,000. */
  readonly maxPduOctets?: number
  /** Bounds on what one session holds. Missing limits default to DEFAULT_LIMITS. */
  readonly limits?: Partial<SessionLimits>
  /** Makes each window follow its peer's congestion_state, up to windowSize. Default false. */
  readonly followCongestion?: boolean
  /** Our highest version, sent in bind_resp. Default 5.0. */
  readonly interfaceVersion?: InterfaceVersion
  /** For ports without a `tls` option of their own. Default: plain TCP. */
  readonly tls?: ServerTlsOptions
  /** For ports without a `proxyProtocol` option of their own. Default: no PROXY header. */
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
  /** Default: the server's. `false`: plain TCP. */
  readonly tls?: ServerTlsOptions | false
  /** Default: the server's. */
  readonly proxyProtocol?: ProxyProtocol
  /** Closes the whole server, as `close` does, not only this port. */
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
   * Sets a new certificate or CA for future TLS connections; existing ones go on. Missing options
   * keep their values. Throws if the context is invalid or the port has no TLS.
   */
  setSecureContext(context: SecureContext): void
  /** Stops accepting connections at this port. Sessions go on. */
  stop(): void
}

/** A message centre: its sessions and its ports. */
export interface SmppServer extends AsyncDisposable {
  /** All open sessions, bound or not. */
  readonly sessions: ReadonlySet<Session>
  /**
   * Opens a port; call it once for each. Rejects with Node's error (code EADDRINUSE, EACCES, …),
   * with an error about invalid options, or, if `close` or `signal` stops it before it listens,
   * with the reason for that.
   */
  listen(options: ListenOptions): Promise<SmppListener>
  listen(
    port: number,
    host?: string,
    options?: Omit<ListenOptions, 'port' | 'host'>,
  ): Promise<SmppListener>
  /**
   * Connects to an ESME and asks it to bind (SMPP 3.4 §2.2.1, §4.1.7; 5.0 §4.1.1.7). Its bind goes
   * to `onBind` like any other, with a session in state OUTBOUND. The promise resolves once that
   * bind is accepted. It rejects with SmppConnectError if there is no connection, no bind within
   * the session-init timer, a refusal by `onBind`, or no room within maxSessions, and with
   * TypeError or RangeError if an option is unknown or its value is invalid.
   */
  outbind(options: OutbindOptions): Promise<Session>
  /**
   * Sets a new certificate or CA for future TLS connections at all current ports with TLS. Missing
   * options keep their values. Throws if the context is invalid or no port has TLS.
   */
  setSecureContext(context: SecureContext): void
  /** Stops accepting connections. Sessions go on. */
  stopAccepting(): void
  /**
   * Stops accepting connections, ends those that are not sessions yet, and unbinds all sessions.
   * Resolves when no connection is left. Each session may take the response timer for outstanding
   * responses, the same again for unbind, and 2 s if the peer keeps the connection open. `signal`
   * closes the remaining sessions, which leaves only those 2 s.
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
  /** The number of outbinds that are still connecting. */
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
    // The signal may have aborted while the port was opening.
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
      const message = 'there are as many sessions as maxSessions says'
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
      throw new TypeError(`no port of this server has TLS to renew: ${LISTEN_WITH_TLS} first`)
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
