import type { Socket } from 'node:net'
import { closedError } from './bindRefusedError.ts'
import { BIND_OPTIONS, bindAt, type BindRequest } from './bindSession.ts'
import type { SessionLimits } from '../session/defaultLimits.ts'
import { INTERFACE_VERSION, type InterfaceVersion } from '../wire/interfaceVersion.ts'
import { checkOptions, handlers, type OptionChecks, type Options } from '../wire/optionCheck.ts'
import { openSocket, SOCKET_CHECKS, type OpenSocketOptions } from '../transport/openSocket.ts'
import { Session } from '../session/session.ts'
import { DEFAULT_WINDOW_SIZE, MAX_PDU_OCTETS, told } from '../session/sessionDefaults.ts'
import { SESSION_CHECKS, SESSION_EVENT_CHECKS, versionCheck } from '../session/sessionSettings.ts'
import { timersOf, type SessionTimers } from '../session/sessionTimers.ts'
import type { SessionEvents, SessionSettings } from '../session/sessionSettings.ts'
import { SmppConnectError, socketError } from '../transport/smppConnectError.ts'

/** Options for the session of an ESME, no matter which side opened the connection. */
export interface EsmeOptions {
  /** Our highest version. The session uses the lower of the two sides' versions. Default 3.4. */
  readonly interface_version?: InterfaceVersion
  /**
   * The version to assume if bind_resp does not state one. Default 3.4, because many 3.4 centres do
   * not state their version. The specification (SMPP 3.4 §3.4) requires 3.3, but then no TLVs would
   * be sent.
   */
  readonly versionWhenUntold?: InterfaceVersion
  /** Event handlers. A request without a handler is answered with ESME_RINVCMDID. */
  readonly events?: SessionEvents
  /** In milliseconds. Missing timers default to DEFAULT_TIMERS. */
  readonly timers?: Partial<SessionTimers>
  /** The number of our requests that may be unanswered. Default 100. */
  readonly windowSize?: number
  /** The maximum size of a received PDU in octets. Default 70,000. */
  readonly maxPduOctets?: number
  /** Limits on memory and pending work. Missing limits default to DEFAULT_LIMITS. */
  readonly limits?: Partial<SessionLimits>
  /** Makes the window follow the peer's congestion_state, up to windowSize. Default false. */
  readonly followCongestion?: boolean
}

export const ESME_CHECKS: OptionChecks<EsmeOptions> = {
  ...SESSION_CHECKS,
  interface_version: versionCheck,
  versionWhenUntold: versionCheck,
  events: handlers({ checks: SESSION_EVENT_CHECKS }),
}

/**
 * The options of connectSmpp. `connectTimeoutMs` limits only the time to connect. The response
 * timer limits the time to bind.
 */
export interface ConnectSmppOptions extends BindRequest, OpenSocketOptions, EsmeOptions {
  /**
   * Aborts the attempt and closes the connection. The signal has no effect once the session is
   * bound.
   */
  readonly signal?: AbortSignal
}

export const CONNECT_OPTIONS: Options<ConnectSmppOptions> = {
  checks: { ...SOCKET_CHECKS, ...BIND_OPTIONS.checks, ...ESME_CHECKS },
  needed: ['host', 'port', 'command', 'system_id', 'password'],
}

/**
 * Connects and binds (SMPP 3.4 §4.1). Rejects with SmppConnectError or BindRefusedError, with
 * PduError if a field does not fit, or with TypeError or RangeError if an option is unknown or its
 * value is invalid. `onClosed` is called only for a session that was bound. PDUs after bind_resp
 * are handled only after the promise has resolved, so the caller can set `session.context` first.
 */
export async function connectSmpp(options: ConnectSmppOptions): Promise<Session> {
  checkOptions('connectSmpp', options, CONNECT_OPTIONS)
  const where = `${options.host}:${options.port}`
  const socket = await openSocket(options)
  const lost = firstError(socket)
  const events = options.events ?? {}
  const session = new Session(
    socket,
    esmeSettings(options, options.system_id, {
      ...events,
      onClosed: (closed, reason) => closed.bind && events.onClosed?.(closed, reason),
    }),
  )
  try {
    return await bindAt(where, session, options)
  } catch (error) {
    // With TLS 1.3, a refusal of our certificate is reported only after the handshake.
    const isClosed = error instanceof SmppConnectError && error.code === 'CLOSED'
    const reason = isClosed ? lost() : undefined
    if (reason?.code?.startsWith('ERR_SSL')) throw socketError(reason, where)
    throw isClosed ? closedError(where, options) : error
  }
}

export function esmeSettings(
  options: EsmeOptions,
  systemId: string,
  events: SessionEvents,
): SessionSettings {
  return {
    side: 'esme',
    interfaceVersion: options.interface_version ?? INTERFACE_VERSION.V3_4,
    versionWhenUntold: options.versionWhenUntold ?? INTERFACE_VERSION.V3_4,
    timers: timersOf(options.timers),
    windowSize: options.windowSize ?? DEFAULT_WINDOW_SIZE,
    systemId,
    maxPduOctets: options.maxPduOctets ?? MAX_PDU_OCTETS,
    limits: told(options.limits ?? {}),
    followCongestion: options.followCongestion ?? false,
    events,
  }
}

function firstError(socket: Socket): () => NodeJS.ErrnoException | undefined {
  let first: NodeJS.ErrnoException | undefined
  socket.once('error', (error) => (first = error))
  return () => first
}
