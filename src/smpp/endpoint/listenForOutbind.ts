import type { Socket } from 'node:net'
import { Acceptor, type ProxyProtocol } from '../transport/acceptor.ts'
import { checkOptions, handlers, integer, type Options } from '../wire/optionCheck.ts'
import { ESME_CHECKS, esmeSettings, type EsmeOptions } from './connectSmpp.ts'
import type { Pdu } from '../wire/pduTable.ts'
import type { Endpoint } from '../transport/proxyHeader.ts'
import { Session } from '../session/session.ts'
import { DEFAULT_MAX_SESSIONS } from '../session/sessionDefaults.ts'
import { timersOf } from '../session/sessionTimers.ts'
import { LISTEN_OPTIONS, SERVER_EVENT_CHECKS, type SmppServerEvents } from './smppServer.ts'
import type { SecureContext, ServerTlsOptions } from '../transport/tlsGate.ts'

/** The events of an outbind listener and its sessions. Only onOutbind is required. */
export interface OutbindEvents extends SmppServerEvents {
  /**
   * A message centre sent outbind to ask for a bind. Check its system_id and password, then call
   * `bindSession(session, { command: 'bind_receiver', … })` or `session.close(reason)` before the
   * session-init timer ends.
   */
  onOutbind(session: Session, pdu: Pdu<'outbind'>): void
}

/** Options for a port where an ESME waits for outbinds, and for the sessions of that port. */
export interface ListenForOutbindOptions extends EsmeOptions {
  /** 0 picks any free port. */
  readonly port: number
  /** Default: all addresses of this machine. */
  readonly host?: string
  /** Handlers for the port and its sessions. */
  readonly events: OutbindEvents
  /** Default: plain TCP. */
  readonly tls?: ServerTlsOptions
  /** Default: no PROXY header. */
  readonly proxyProtocol?: ProxyProtocol
  /** The maximum number of connections, as in SmppServerOptions. Default 10,000. */
  readonly maxSessions?: number
  /** Aborting the signal closes the listener, as `close` does. */
  readonly signal?: AbortSignal
}

export const LISTEN_FOR_OUTBIND_OPTIONS: Options<ListenForOutbindOptions> = {
  checks: {
    ...ESME_CHECKS,
    ...LISTEN_OPTIONS.checks,
    events: handlers<OutbindEvents>({ checks: SERVER_EVENT_CHECKS, needed: ['onOutbind'] }),
    maxSessions: integer(1),
  },
  needed: ['port', 'events'],
}

/** A port that waits for outbinds. */
export interface OutbindListener extends AsyncDisposable {
  /** The actual port, even if 0 was requested. */
  readonly port: number
  /** All open sessions, bound or not. */
  readonly sessions: ReadonlySet<Session>
  /**
   * Sets a new certificate or CA for future TLS connections. Existing connections are not affected.
   * Missing options keep their values. Throws if the context is invalid or the port has no TLS.
   */
  setSecureContext(context: SecureContext): void
  /** Stops accepting connections. Existing sessions continue. */
  stopAccepting(): void
  /** Stops accepting connections and unbinds all sessions. The response timer limits the wait. */
  close(): Promise<void>
}

/**
 * Opens a port where an ESME waits for message centres to connect and send outbind (SMPP 3.4
 * §2.2.1, §4.1.7). A connection is closed if the outbind or our bind does not follow within the
 * session-init timer. Rejects with Node's error (code EADDRINUSE, …), or with TypeError or
 * RangeError if an option is unknown or its value is invalid.
 */
export async function listenForOutbind(options: ListenForOutbindOptions): Promise<OutbindListener> {
  checkOptions('listenForOutbind', options, LISTEN_FOR_OUTBIND_OPTIONS)
  const { signal } = options
  signal?.throwIfAborted()
  const desk = new OutbindDesk(options)
  const port = await desk.acceptor.listen(options.port, options.host)
  const onAbort = () => void close()
  signal?.addEventListener('abort', onAbort)
  async function close(): Promise<void> {
    signal?.removeEventListener('abort', onAbort)
    desk.acceptor.close()
    await Promise.all([...desk.connections].map((session) => session.unbind()))
  }
  // The signal may have been aborted while the port was opening.
  if (signal?.aborted) await close()
  signal?.throwIfAborted()
  return {
    port,
    sessions: desk.sessions,
    setSecureContext: (context) => desk.acceptor.setSecureContext(context),
    stopAccepting: () => desk.acceptor.stop(),
    close,
    [Symbol.asyncDispose]: close,
  }
}

class OutbindDesk {
  readonly sessions = new Set<Session>()
  /** Includes closed sessions whose peer keeps the connection open. */
  readonly connections = new Set<Session>()
  readonly acceptor: Acceptor
  readonly #options: ListenForOutbindOptions

  constructor(options: ListenForOutbindOptions) {
    const { tls, proxyProtocol, maxSessions = DEFAULT_MAX_SESSIONS, events, timers } = options
    this.#options = options
    this.acceptor = new Acceptor(
      { tls, proxyProtocol },
      {
        timeoutMs: timers?.sessionInitTimeoutMs ?? 0,
        hasRoom: () => this.connections.size + this.acceptor.arriving < maxSessions,
        onReady: (socket, source) => this.#serve(socket, source),
        onRefused: (refused) => events.onRefusedConnection?.(refused),
      },
    )
  }

  #serve(socket: Socket, source: Endpoint | undefined): void {
    const { events, timers } = this.#options
    const { sessionInitTimeoutMs } = timersOf(timers)
    const overdue = () => {
      // If our bind has already been sent, the response timer limits the wait for bind_resp.
      if (session.unanswered === 0) session.close('outbind and bind did not follow in time')
    }
    const timer = sessionInitTimeoutMs > 0 ? setTimeout(overdue, sessionInitTimeoutMs) : undefined
    const settings = esmeSettings(this.#options, '', {
      ...events,
      onClosed: (closed, reason) => {
        clearTimeout(timer)
        this.sessions.delete(closed)
        events.onClosed?.(closed, reason)
      },
    })
    const onBound = () => clearTimeout(timer)
    const onGone = (gone: Session) => void this.connections.delete(gone)
    const session = new Session(socket, { ...settings, onBound, onGone }, source)
    this.sessions.add(session)
    this.connections.add(session)
  }
}
