import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** The result of the TLS handshake. */
export interface SessionTls {
  /** The TLS version, such as TLSv1.3. */
  readonly protocol: string
  /**
   * Whether the peer's certificate is valid and from a CA that we trust. False without a
   * certificate, or if `rejectUnauthorized: false` admitted an invalid certificate.
   */
  readonly isAuthorized: boolean
  /** The peer's certificate. On a server, undefined unless `requestCert` is set. */
  readonly peerCertificate: X509Certificate | undefined
}

/** Returns undefined for a plain TCP connection. */
export function sessionTls(socket: Socket): SessionTls | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  return {
    protocol: socket.getProtocol() ?? '',
    isAuthorized: socket.authorized,
    peerCertificate: socket.getPeerX509Certificate(),
  }
}
