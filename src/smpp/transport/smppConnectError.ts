/**
 * No session came about, and the peer did not say why. `code` is the socket's (ECONNREFUSED, …),
 * that of TLS (DEPTH_ZERO_SELF_SIGNED_CERT, ERR_TLS_CERT_ALTNAME_INVALID, …), CONNECT_TIMEOUT,
 * BIND_TIMEOUT, CLOSED (before bind_resp), TOO_MANY_SESSIONS (in our own server) or ABORTED.
 */
export class SmppConnectError extends Error {
  /** See above. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SmppConnectError'
    this.code = code
  }
}

const NO_ISSUER = 'If this is the right peer, give the certificate of its CA as tls.ca'
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY/, NO_ISSUER],
  [
    /CERT_HAS_EXPIRED/,
    'The peer has to renew its certificate, or the clock of this machine is wrong',
  ],
  [/CERT_NOT_YET_VALID/, 'Check the clock of this machine'],
  [/ALTNAME_INVALID/, 'Connect by a name of its certificate, or give that as tls.servername'],
  [
    /ALERT.*(CERT|UNKNOWN_CA)/,
    'The peer does not accept our certificate: set tls.cert and tls.key to one of a CA it trusts',
  ],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/,
    'The peer does not speak TLS on this port; leave out tls, or take its TLS port',
  ],
  [
    /ALERT_HANDSHAKE_FAILURE/,
    'The peer wants a certificate of ours (tls.cert and tls.key), or other ciphers (tls.ciphers)',
  ],
  [
    /ALERT.*PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_SHARED_CIPHER/,
    'Both sides need a version and a cipher in common: see tls.minVersion and tls.ciphers',
  ],
]

export function abortedError(where: string): SmppConnectError {
  return new SmppConnectError('ABORTED', `connecting to ${where} was given up`)
}

/** Turns an error of a socket or of TLS into one with advice. */
export function socketError(error: NodeJS.ErrnoException, where: string): SmppConnectError {
  const code = error.code ?? 'CLOSED'
  const advice = ADVICE.find(([pattern]) => pattern.test(code))?.[1]
  // Messages of OpenSSL are lines of internals.
  const reason = code.startsWith('ERR_SSL') ? code : error.message
  const message = `cannot connect to ${where}: ${reason}${advice ? `. ${advice}` : ''}`
  return new SmppConnectError(code, message, { cause: error })
}
