import {
  BlockList,
  createServer,
  isIPv6,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import { checkEach, isObject, shown, type OptionCheck } from '../wire/optionCheck.ts'
import { Arrival, type RefusedConnection } from './arrival.ts'
import { peerOf } from './peerOf.ts'
import type { Endpoint } from './proxyHeader.ts'
import { TlsGate, type SecureContext, type ServerTlsOptions } from './tlsGate.ts'

/**
 * The time limit for the PROXY header and the TLS handshake together if the session-init timer is
 * off.
 */
const ARRIVAL_TIMEOUT_MS = 10_000

/**
 * With `true`, each connection must begin with a PROXY header of version 1 or 2. All other
 * connections are closed. Any host that can reach the port can then claim any client address. To
 * prevent this, list the allowed proxies in `from`, as addresses or subnets ('10.0.0.7',
 * '10.1.0.0/16', '2001:db8::/64').
 */
export type ProxyProtocol = boolean | { readonly from: readonly string[] }

export const proxyProtocolCheck: OptionCheck = (value, name) => {
  if (typeof value === 'boolean') return
  if (!isObject(value))
    throw new TypeError(`${name} is ${shown(value)}: true, false or { from } is needed`)
  checkEach(value, { checks: { from: proxiesCheck }, needed: ['from'] }, name, `${name}.`)
}

function proxiesCheck(value: unknown, name: string): void {
  const needed = 'an array of addresses or subnets is needed'
  if (!Array.isArray(value)) throw new TypeError(`${name} is ${shown(value)}: ${needed}`)
  if (value.length === 0) throw new TypeError(`${name} is empty: ${needed}`)
  if (!value.every((one) => typeof one === 'string'))
    throw new TypeError(`${name} holds values that are not strings: ${needed}`)
}

/** Options of one port. */
export interface AcceptorOptions {
  readonly tls?: ServerTlsOptions | false | undefined
  readonly proxyProtocol?: ProxyProtocol | undefined
}

export interface AcceptorActions {
  /**
   * The time limit from accepting a connection until it is ready, in milliseconds. 0 means 10 s.
   */
  readonly timeoutMs: number
  hasRoom(): boolean
  onReady(socket: Socket, source: Endpoint | undefined): void
  onRefused(refused: RefusedConnection): void
}

/** Part of the error when setSecureContext is called on a port that listens without TLS. */
export const LISTEN_WITH_TLS = 'listen with tls: { key, cert }'

/**
 * One port that accepts connections. It passes a connection on when the connection is ready for a
 * session: after the PROXY header and the TLS handshake, if the options require them.
 */
export class Acceptor {
  readonly #server: Server
  readonly #tls: TlsGate | undefined
  readonly #proxies: BlockList | undefined
  readonly #expectsProxyHeader: boolean
  readonly #actions: AcceptorActions
  readonly #arrivals = new Set<Arrival>()

  /** Throws if the TLS options or the proxies are invalid. */
  constructor({ tls, proxyProtocol = false }: AcceptorOptions, actions: AcceptorActions) {
    this.#tls = tls ? new TlsGate(tls) : undefined
    this.#expectsProxyHeader = proxyProtocol !== false
    if (typeof proxyProtocol === 'object') this.#proxies = proxyList(proxyProtocol.from)
    this.#actions = actions
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
  }

  /** The number of connections that are not ready yet. */
  get arriving(): number {
    return this.#arrivals.size
  }

  /** Resolves with the actual port. Rejects with the error from Node's `net`. */
  listen(port: number, host: string | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        // An error after this means that a connection could not be accepted, for example because
        // file descriptors ran out. That connection is lost, but the server continues.
        this.#server.on('error', () => undefined)
        // The server listens on TCP, so the address is not the path of a pipe.
        resolve((this.#server.address() as AddressInfo).port)
      })
    })
  }

  get hasTls(): boolean {
    return this.#tls !== undefined
  }

  /**
   * Sets the certificate and other TLS options for future connections. Throws if they are invalid
   * or the port has no TLS.
   */
  setSecureContext(context: SecureContext): void {
    if (!this.#tls) throw new TypeError(`this port does not use TLS: ${LISTEN_WITH_TLS}`)
    this.#tls.setSecureContext(context)
  }

  /** Stops accepting connections. */
  stop(): void {
    if (this.#server.listening) this.#server.close()
  }

  /** Stops accepting connections, and ends connections that are not ready. */
  close(): void {
    this.stop()
    for (const arrival of this.#arrivals) arrival.end()
  }

  #accept(socket: Socket): void {
    const { hasRoom, onReady, onRefused } = this.#actions
    // The peer (such as a load balancer's health check) reset the connection before we accepted it.
    if (socket.remoteAddress === undefined) return dismiss(socket)
    const refuse = (kind: 'tooMany' | 'untrustedProxy', reason: string) => {
      onRefused({ kind, reason, ...peerOf(socket) })
      dismiss(socket)
    }
    if (!hasRoom()) return refuse('tooMany', 'the maximum number of connections is reached')
    if (this.#proxies && !isAmong(this.#proxies, socket))
      return refuse('untrustedProxy', 'its address is not an allowed proxy')
    if (!this.#tls && !this.#expectsProxyHeader) return onReady(socket, undefined)
    this.#arrive(socket)
  }

  #arrive(socket: Socket): void {
    const { timeoutMs, onReady, onRefused } = this.#actions
    const arrival = new Arrival(socket, {
      expectsProxyHeader: this.#expectsProxyHeader,
      tls: this.#tls,
      timeoutMs: timeoutMs || ARRIVAL_TIMEOUT_MS,
      onReady,
      onRefused,
      onDone: (done) => void this.#arrivals.delete(done),
    })
    this.#arrivals.add(arrival)
  }
}

function dismiss(socket: Socket): void {
  socket.on('error', () => undefined)
  socket.destroy()
}

function proxyList(from: readonly string[]): BlockList {
  const proxies = new BlockList()
  for (const one of from) {
    const [address = '', prefix] = one.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    try {
      if (prefix === undefined) proxies.addAddress(address, family)
      else proxies.addSubnet(address, /^\d+$/.test(prefix) ? Number(prefix) : -1, family)
    } catch (cause) {
      const message = `proxyProtocol.from: '${one}' is not an address or a subnet like 10.0.0.0/8`
      throw new TypeError(message, { cause })
    }
  }
  return proxies
}

/**
 * Whether the peer is an allowed proxy. BlockList recognises the IPv4 address in the address of an
 * IPv6 socket (::ffff:10.0.0.7).
 */
function isAmong(proxies: BlockList, { remoteAddress = '' }: Socket): boolean {
  return proxies.check(remoteAddress, isIPv6(remoteAddress) ? 'ipv6' : 'ipv4')
}
