import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import * as check from '../wire/optionCheck.ts'
import type { OptionCheck, OptionChecks } from '../wire/optionCheck.ts'
import { abortedError, SmppConnectError, socketError } from './smppConnectError.ts'

const CONNECT_TIMEOUT_MS = 10_000

/**
 * Node's options of `tls.connect`: `ca` (whom to trust), `cert` and `key` (who we are),
 * `servername`, `minVersion`, `rejectUnauthorized` and others, except for the address.
 */
export type ClientTlsOptions = Omit<
  ConnectionOptions,
  'host' | 'port' | 'path' | 'socket' | 'timeout' | 'allowHalfOpen' | 'lookup'
>

/** The address of a peer, and how to connect to it. */
export interface OpenSocketOptions {
  /** A name or an address. */
  readonly host: string
  /** Registered for SMPP are 2775 and, over TLS, 3550. Many centres use others. */
  readonly port: number
  /** Default: plain TCP. `true`: TLS that trusts the same CAs as Node. */
  readonly tls?: boolean | ClientTlsOptions
  /**
   * The time to connect, including the TLS handshake, in milliseconds. Default 10,000. With 0, only
   * the operating system limits it.
   */
  readonly connectTimeoutMs?: number
  /** Aborts connecting. */
  readonly signal?: AbortSignal
}

const clientTls: OptionCheck = (value, name) => {
  if (typeof value === 'boolean' || check.isObject(value)) return
  throw new TypeError(`${name} is ${check.shown(value)}: true, false or an object is needed`)
}

export const SOCKET_CHECKS: OptionChecks<OpenSocketOptions> = {
  host: check.host,
  port: check.port(1),
  tls: clientTls,
  connectTimeoutMs: check.timer,
  signal: check.signal,
}

/** Connects, and over TLS checks the peer's certificate. Rejects with SmppConnectError. */
export function openSocket(options: OpenSocketOptions): Promise<Socket> {
  const { signal, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options
  const where = `${options.host}:${options.port}`
  if (signal?.aborted) return Promise.reject(abortedError(where))
  let socket: Socket
  try {
    socket = begin(options)
  } catch (error) {
    return Promise.reject(unusable(error, where))
  }
  return new Promise((resolve, reject) => {
    const onOverdue = () => fail(new SmppConnectError('CONNECT_TIMEOUT', `${where} did not answer`))
    const timer = connectTimeoutMs > 0 ? setTimeout(onOverdue, connectTimeoutMs) : undefined
    const onAbort = () => fail(abortedError(where))
    const onError = (error: NodeJS.ErrnoException) => fail(socketError(error, where))
    function settle(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      socket.off('error', onError)
      // The session sees any later error as 'close'.
      socket.on('error', () => undefined)
    }
    function fail(error: SmppConnectError): void {
      settle()
      socket.destroy()
      reject(error)
    }
    signal?.addEventListener('abort', onAbort)
    socket.on('error', onError)
    socket.once(options.tls ? 'secureConnect' : 'connect', () => {
      settle()
      resolve(socket)
    })
  })
}

/** Throws Node's error for unusable options, such as an invalid key. */
function begin({ host: told, port, tls }: OpenSocketOptions): Socket {
  // Accepts the brackets of a URL: [::1].
  const host = /^\[(.*)\]$/.exec(told)?.[1] ?? told
  const where = { host, port, noDelay: true, allowHalfOpen: true } as const
  if (!tls) return connect(where)
  // An address is no server name (RFC 6066 §3). Its certificate is checked for the address.
  const servername = isIP(host) ? {} : { servername: host }
  return connectTls({ ...servername, ...(tls === true ? {} : tls), ...where })
}

function unusable(error: unknown, where: string): SmppConnectError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'TLS_OPTIONS'
  const reason = error instanceof Error ? error.message : String(error)
  const message = `cannot connect to ${where}: ${reason}. Check host, port and the tls options`
  return new SmppConnectError(code, message, { cause: error })
}
