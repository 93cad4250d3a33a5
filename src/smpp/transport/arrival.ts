import type { Socket } from 'node:net'
import { peerOf } from './peerOf.ts'
import { readProxyHeader, type Endpoint } from './proxyHeader.ts'
import type { TlsGate } from './tlsGate.ts'

/** A connection that never became a session. */
export interface RefusedConnection {
  /**
   * `tooMany`: above maxSessions. `untrustedProxy`: not from a proxy that was named. `proxyHeader`:
   * missing or invalid. `tls`: the handshake failed. `timeout`: header or handshake were not
   * complete in time. `closed`: the peer left before they were.
   */
  readonly kind: 'tooMany' | 'untrustedProxy' | 'proxyHeader' | 'tls' | 'timeout' | 'closed'
  /** For a log. */
  readonly reason: string
  /** Node's or OpenSSL's, such as CERT_HAS_EXPIRED or ERR_SSL_WRONG_VERSION_NUMBER. */
  readonly code?: string
  /** The real client's, when a PROXY header told it. */
  readonly remoteAddress: string
  /** As remoteAddress. */
  readonly remotePort: number
}

export interface ArrivalWays {
  readonly expectsProxyHeader: boolean
  readonly tls: TlsGate | undefined
  /** For header and handshake together, in milliseconds. */
  readonly timeoutMs: number
  onReady(socket: Socket, source: Endpoint | undefined): void
  onRefused(refused: RefusedConnection): void
  /** After either of them, and after `end`. */
  onDone(arrival: Arrival): void
}

const NOTHING = Buffer.alloc(0)

/**
 * A connection until it is ready for a session: the PROXY header first, then the TLS handshake. It
 * has one deadline for both, which octets that trickle in do not extend.
 */
export class Arrival {
  readonly #connection: Socket
  readonly #ways: ArrivalWays
  readonly #timer: NodeJS.Timeout
  #peer: ReturnType<typeof peerOf>
  #step: 'PROXY header' | 'TLS handshake' = 'PROXY header'
  #source: Endpoint | undefined
  #isDone = false

  constructor(connection: Socket, ways: ArrivalWays) {
    this.#connection = connection
    this.#ways = ways
    this.#timer = setTimeout(() => {
      this.#refuse('timeout', `its ${this.#step} was not complete within ${ways.timeoutMs} ms`)
    }, ways.timeoutMs)
    // Asked now, since a connection that is gone has none.
    this.#peer = peerOf(connection)
    connection.on('error', () => undefined)
    // Behind what TLS has to say about the same connection.
    connection.once('close', () => setImmediate(this.#onLeft))
    if (ways.expectsProxyHeader) this.#readHeader()
    else this.#secure()
  }

  /** At once, and without a word to anybody. */
  end(): void {
    if (!this.#finish()) return
    this.#connection.destroy()
    this.#ways.onDone(this)
  }

  #readHeader(): void {
    let held: Buffer = NOTHING
    const onData = (chunk: Buffer) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      const header = readProxyHeader(held)
      if (header.kind === 'refused') this.#refuse('proxyHeader', header.reason)
      if (header.kind !== 'header') return
      this.#connection.off('data', onData)
      this.#connection.off('end', this.#onLeft)
      // What came right behind the header waits for whoever reads next.
      this.#connection.pause()
      if (held.length > header.octets) this.#connection.unshift(held.subarray(header.octets))
      this.#source = header.source
      this.#peer = peerOf(this.#connection, header.source)
      this.#secure()
    }
    this.#connection.on('data', onData)
    this.#connection.on('end', this.#onLeft)
  }

  #secure(): void {
    const { tls } = this.#ways
    if (!tls) return this.#ready(this.#connection)
    this.#step = 'TLS handshake'
    // A half-close during the handshake aborts it; a session answers a half-close with its own.
    this.#connection.allowHalfOpen = false
    tls.secure(this.#connection, (result) => {
      if (!(result instanceof Error)) return this.#ready(result)
      // Errors of TLS and of sockets have a code.
      const { code } = result as NodeJS.ErrnoException
      if (code === 'ECONNRESET') this.#onLeft()
      else this.#refuse('tls', `the TLS handshake failed: ${code ?? result.message}`, code)
    })
  }

  #ready(socket: Socket): void {
    if (!this.#finish()) return
    this.#ways.onReady(socket, this.#source)
    // Paused behind a PROXY header, where a new socket would begin to flow by itself.
    if (socket === this.#connection) socket.resume()
    this.#ways.onDone(this)
  }

  readonly #onLeft = () => {
    // Balancers and monitors look whether the port is open, all day long.
    if (this.#connection.bytesRead === 0) this.end()
    else this.#refuse('closed', `the peer left before its ${this.#step} was complete`)
  }

  #refuse(kind: RefusedConnection['kind'], reason: string, code?: string): void {
    if (!this.#finish()) return
    this.#ways.onRefused({
      kind,
      reason,
      ...(code === undefined ? {} : { code }),
      ...this.#peer,
    })
    this.#connection.destroy()
    this.#ways.onDone(this)
  }

  #finish(): boolean {
    if (this.#isDone) return false
    this.#isDone = true
    clearTimeout(this.#timer)
    return true
  }
}
