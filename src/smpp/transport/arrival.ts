import type { Socket } from 'node:net'
import { peerOf } from './peerOf.ts'
import { readProxyHeader, type Endpoint } from './proxyHeader.ts'
import type { TlsGate } from './tlsGate.ts'

/** A connection that never became a session. */
export interface RefusedConnection {
  /**
   * - `tooMany`: maxSessions was reached.
   * - `untrustedProxy`: the address is not an allowed proxy.
   * - `proxyHeader`: the PROXY header was missing or invalid.
   * - `tls`: the TLS handshake failed.
   * - `timeout`: the PROXY header or TLS handshake did not complete in time.
   * - `closed`: the peer disconnected before the PROXY header or TLS handshake was complete.
   */
  readonly kind: 'tooMany' | 'untrustedProxy' | 'proxyHeader' | 'tls' | 'timeout' | 'closed'
  /** An explanation for a log. */
  readonly reason: string
  /** The error code of Node or OpenSSL: CERT_HAS_EXPIRED, ERR_SSL_WRONG_VERSION_NUMBER, … */
  readonly code?: string
  /** The address of the client if a PROXY header gave one, otherwise the address of the peer. */
  readonly remoteAddress: string
  /** The port that belongs to remoteAddress. */
  readonly remotePort: number
}

export interface ArrivalWays {
  readonly expectsProxyHeader: boolean
  readonly tls: TlsGate | undefined
  /** The time limit for the PROXY header and the TLS handshake together, in milliseconds. */
  readonly timeoutMs: number
  onReady(socket: Socket, source: Endpoint | undefined): void
  onRefused(refused: RefusedConnection): void
  /** Called after onReady, onRefused or `end`. */
  onDone(arrival: Arrival): void
}

const NOTHING = Buffer.alloc(0)

/**
 * A connection that is not yet ready for a session. It reads the PROXY header first and then does
 * the TLS handshake. Both share one deadline, which a slow trickle of octets does not extend.
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
    // The address must be read now, because a closed connection no longer has it.
    this.#peer = peerOf(connection)
    connection.on('error', () => undefined)
    // The delay by setImmediate lets TLS report its error for this connection first.
    connection.once('close', () => setImmediate(this.#onLeft))
    if (ways.expectsProxyHeader) this.#readHeader()
    else this.#secure()
  }

  /** Destroys the connection immediately, without calling onRefused. */
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
      // Octets after the header are put back for the TLS handshake or the session.
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
    // If the peer closes its half of the connection during the handshake, the whole connection
    // ends. A session, on the other hand, still answers before it closes its own half.
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
    // A plain connection is paused if it had a PROXY header. A TLS socket starts to flow by itself.
    if (socket === this.#connection) socket.resume()
    this.#ways.onDone(this)
  }

  readonly #onLeft = () => {
    // Load balancers and monitors regularly check whether the port is open. These checks are not
    // reported.
    if (this.#connection.bytesRead === 0) this.end()
    else this.#refuse('closed', `the peer disconnected before its ${this.#step} was complete`)
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
