/**
 * The error if no session could be established. (If the peer refused the bind with a
 * command_status, the error is a BindRefusedError instead.) `code` is one of:
 *
 * - an error code of the socket, such as ECONNREFUSED
 * - an error code of TLS, such as DEPTH_ZERO_SELF_SIGNED_CERT or ERR_TLS_CERT_ALTNAME_INVALID
 * - CONNECT_TIMEOUT, BIND_TIMEOUT, ABORTED
 * - CLOSED: the connection ended before the session was bound
 * - TOO_MANY_SESSIONS: our own server has reached maxSessions
 */
export class SmppConnectError extends Error {
  /** The cause. The comment on the class lists all codes. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SmppConnectError'
    this.code = code
  }
}

const NO_ISSUER = 'If this is the right peer, set tls.ca to the certificate of its CA'
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY/, NO_ISSUER],
  [
    /CERT_HAS_EXPIRED/,
    'The peer must renew its certificate, or the clock of this machine is wrong',
  ],
  [/CERT_NOT_YET_VALID/, 'Check the clock of this machine'],
  [/ALTNAME_INVALID/, 'Use a host name from its certificate as host or as tls.servername'],
  [
    /ALERT.*(CERT|UNKNOWN_CA)/,
    'The peer does not accept our certificate: use tls.cert and tls.key from a CA that it trusts',
  ],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/,
    'The peer does not speak TLS on this port: remove the tls option, or use its TLS port',
  ],
  [
    /ALERT_HANDSHAKE_FAILURE/,
    'The peer requires a client certificate (tls.cert and tls.key), or other ciphers (tls.ciphers)',
  ],
  [
    /ALERT.*PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_SHARED_CIPHER/,
    'Both sides need a common TLS version and cipher: see tls.minVersion and tls.ciphers',
  ],
]

export function abortedError(where: string): SmppConnectError {
  return new SmppConnectError('ABORTED', `connecting to ${where} was aborted`)
}

/** Converts an error of a socket or of TLS to a SmppConnectError, with advice if there is any. */
export function socketError(error: NodeJS.ErrnoException, where: string): SmppConnectError {
  const code = error.code ?? 'CLOSED'
  const advice = ADVICE.find(([pattern]) => pattern.test(code))?.[1]
  // OpenSSL's messages are long and describe only internals.
  const reason = code.startsWith('ERR_SSL') ? code : error.message
  const message = `cannot connect to ${where}: ${reason}${advice ? `. ${advice}` : ''}`
  return new SmppConnectError(code, message, { cause: error })
}
