import { connect, type Socket } from 'node:net'
import { commandStatusName } from './commandStatus.ts'
import type { SessionLimits } from './defaultLimits.ts'
import { INTERFACE_VERSION, type InterfaceVersion } from './interfaceVersion.ts'
import type { BindCommand } from './pduTable.ts'
import { Session } from './session.ts'
import type { RequestOutcome, SessionEvents, SessionTimers } from './sessionTypes.ts'
import { MAX_PDU_OCTETS } from './smppServer.ts'

const CONNECT_TIMEOUT_MS = 10_000

export interface ConnectSmppOptions {
  readonly host: string
  readonly port: number
  readonly command: BindCommand
  readonly system_id: string
  readonly password: string
  readonly system_type?: string
  /** What we speak at most. Default 3.4; the session's version is the lower one of both sides'. */
  readonly interface_version?: InterfaceVersion
  /**
   * The version of a centre that does not tell one. Default 3.4, since many centres of 3.4 leave
   * it out; by the book (SMPP 3.4 §3.4) it is 3.3, and such a centre gets no TLVs.
   */
  readonly versionWhenUntold?: InterfaceVersion
  readonly addr_ton?: number
  readonly addr_npi?: number
  readonly address_range?: string
  readonly events: SessionEvents
  readonly timers: SessionTimers
  /** Our own unanswered requests. */
  readonly windowSize: number
  /** From the call to the TCP connection; the bind then has the response timer. */
  readonly connectTimeoutMs?: number
  readonly maxPduOctets?: number
  /** What the session holds at most; missing ones as in DEFAULT_LIMITS. */
  readonly limits?: Partial<SessionLimits>
  /** Lets the window follow the peer's congestion_state, up to windowSize. Default false. */
  readonly followCongestion?: boolean
  readonly signal?: AbortSignal
}

/**
 * There is no session, and no word of the peer why. `code`: that of the socket (ECONNREFUSED, …),
 * CONNECT_TIMEOUT, BIND_TIMEOUT, CLOSED (before bind_resp) or ABORTED.
 */
export class SmppConnectError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SmppConnectError'
    this.code = code
  }
}

/** The peer answered the bind with this command_status. */
export class BindRefusedError extends Error {
  readonly code = 'BIND_REFUSED'
  readonly commandStatus: number

  constructor(commandStatus: number, message: string) {
    super(message)
    this.name = 'BindRefusedError'
    this.commandStatus = commandStatus
  }
}

/**
 * Connects and binds. Rejects with SmppConnectError or BindRefusedError. `onClosed` is called only
 * for a session that was bound. Nothing that follows bind_resp is handled before the caller of the
 * promise had its turn, so it may set `session.context` first.
 */
export async function connectSmpp(options: ConnectSmppOptions): Promise<Session> {
  const where = `${options.host}:${options.port}`
  if (options.signal?.aborted) throw aborted(where)
  const socket = await openSocket(options, where)
  return bindSocket(socket, options, where)
}

function aborted(where: string): SmppConnectError {
  return new SmppConnectError('ABORTED', `connecting to ${where} was given up`)
}

function openSocket(options: ConnectSmppOptions, where: string): Promise<Socket> {
  const { host, port, signal, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true })
    const timer = setTimeout(() => {
      fail(new SmppConnectError('CONNECT_TIMEOUT', `${where} did not answer`))
    }, connectTimeoutMs)
    const onAbort = () => fail(aborted(where))
    const onError = (error: NodeJS.ErrnoException) => {
      const reason = `cannot connect to ${where}: ${error.message}`
      fail(new SmppConnectError(error.code ?? 'CLOSED', reason, { cause: error }))
    }
    function settle(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      socket.off('error', onError)
    }
    function fail(error: SmppConnectError): void {
      settle()
      socket.on('error', () => undefined)
      socket.destroy()
      reject(error)
    }
    signal?.addEventListener('abort', onAbort)
    socket.on('error', onError)
    socket.once('connect', () => {
      settle()
      // An error until the session takes over is seen again as its 'close'.
      socket.on('error', () => undefined)
      resolve(socket)
    })
  })
}

function bindSocket(socket: Socket, options: ConnectSmppOptions, where: string): Promise<Session> {
  const { events, timers, windowSize, signal, command, system_id, password } = options
  const { interface_version = INTERFACE_VERSION.V3_4 } = options
  return new Promise((resolve, reject) => {
    let isBound = false
    const session = new Session(socket, {
      side: 'esme',
      interfaceVersion: interface_version,
      versionWhenUntold: options.versionWhenUntold ?? INTERFACE_VERSION.V3_4,
      timers,
      windowSize,
      systemId: system_id,
      maxPduOctets: options.maxPduOctets ?? MAX_PDU_OCTETS,
      limits: options.limits ?? {},
      followCongestion: options.followCongestion ?? false,
      events: {
        ...events,
        onClosed: (closed, reason) => isBound && events.onClosed?.(closed, reason),
      },
    })
    const onAbort = () => {
      reject(aborted(where))
      session.close('given up')
    }
    signal?.addEventListener('abort', onAbort)
    const body = {
      system_id,
      password,
      system_type: options.system_type ?? '',
      interface_version,
      addr_ton: options.addr_ton ?? 0,
      addr_npi: options.addr_npi ?? 0,
      address_range: options.address_range ?? '',
    }
    try {
      session.requestBind(command, body, (outcome) => {
        signal?.removeEventListener('abort', onAbort)
        const refusal = refusalOf(outcome, command, where)
        isBound = refusal === undefined
        if (refusal === undefined) return resolve(session)
        reject(refusal)
        session.close(refusal.message)
      })
    } catch (error) {
      // Credentials that do not fit the PDU, a version without this bind: nothing was sent.
      signal?.removeEventListener('abort', onAbort)
      session.close('the bind has no encoding')
      reject(error)
    }
  })
}

function refusalOf(
  outcome: RequestOutcome,
  command: BindCommand,
  where: string,
): Error | undefined {
  switch (outcome.kind) {
    case 'timeout':
      return new SmppConnectError('BIND_TIMEOUT', `${where} did not answer ${command}`)
    case 'closed':
      return new SmppConnectError('CLOSED', `${where} closed before it answered ${command}`)
    case 'late':
      return undefined
    case 'response': {
      const { command_status } = outcome.pdu
      if (command_status === 0 && outcome.pdu.command !== 'generic_nack') return undefined
      const reason = `${where} refused ${command}: ${commandStatusName(command_status)}`
      return new BindRefusedError(command_status, reason)
    }
  }
}
