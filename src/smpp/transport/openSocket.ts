import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import * as check from '../wire/optionCheck.ts'
import type { OptionCheck, OptionChecks } from '../wire/optionCheck.ts'
import { abortedError, SmppConnectError, socketError } from './smppConnectError.ts'

const CONNECT_TIMEOUT_MS = 10_000

/**
 * The options of Node's `tls.connect`, except for the address: `ca` (the CAs to trust), `cert` and
 * `key` (our own certificate), `servername`, `minVersion`, `rejectUnauthorized` and others.
 */
export type ClientTlsOptions = Omit<
  ConnectionOptions,
  'host' | 'port' | 'path' | 'socket' | 'timeout' | 'allowHalfOpen' | 'lookup'
>

/** The address of a peer and the options for connecting to it. */
export interface OpenSocketOptions {
  /** A host name or an IP address. */
  readonly host: string
  /**
   * The registered ports are 2775 for SMPP and 3550 for SMPP over TLS. Many centres use other
   * ports.
   */
  readonly port: number
  /** Default: plain TCP. `true` means TLS with the CAs that Node trusts. */
  readonly tls?: boolean | ClientTlsOptions
  /**
   * The time limit for connecting, including the TLS handshake, in milliseconds. Default 10,000.
   * With 0, only the operating system limits the time.
   */
  readonly connectTimeoutMs?: number
  /** Aborts the attempt to connect. */
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

/** Connects. With TLS, checks the peer's certificate. Rejects with SmppConnectError. */
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
      // The session does not need later errors, because 'close' follows each of them.
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

/** Starts to connect. Throws Node's error for invalid options, such as an invalid key. */
function begin({ host: told, port, tls }: OpenSocketOptions): Socket {
  // Accepts an IPv6 address in brackets, as in a URL: [::1].
  const host = /^\[(.*)\]$/.exec(told)?.[1] ?? told
  const where = { host, port, noDelay: true, allowHalfOpen: true } as const
  if (!tls) return connect(where)
  // An address is not a valid server name (RFC 6066 §3). Without a server name, Node checks that
  // the certificate is valid for the address.
  const servername = isIP(host) ? {} : { servername: host }
  return connectTls({ ...servername, ...(tls === true ? {} : tls), ...where })
}

function unusable(error: unknown, where: string): SmppConnectError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'TLS_OPTIONS'
  const reason = error instanceof Error ? error.message : String(error)
  const message = `cannot connect to ${where}: ${reason}. Check host, port and the tls options`
  return new SmppConnectError(code, message, { cause: error })
}
