import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** What the handshake said of the peer. */
export interface SessionTls {
  /** Such as TLSv1.3. */
  readonly protocol: string
  /**
   * Whether the peer's certificate is of a CA that we trust. False without a certificate, or when
   * `rejectUnauthorized: false` let one in that does not hold.
   */
  readonly isAuthorized: boolean
  /** A server has it only when it asks for one (`requestCert`). */
  readonly peerCertificate: X509Certificate | undefined
}

/** undefined over plain TCP. */
export function sessionTls(socket: Socket): SessionTls | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  return {
    protocol: socket.getProtocol() ?? '',
    isAuthorized: socket.authorized,
    peerCertificate: socket.getPeerX509Certificate(),
  }
}
