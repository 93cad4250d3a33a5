import { commandStatusName } from '../wire/commandStatus.ts'
import type { BindCommand } from '../wire/pduTable.ts'
import type { RequestOutcome } from '../session/sessionTypes.ts'

/**
 * There is no session, and no word of the peer why. `code`: that of the socket (ECONNREFUSED, …)
 * or of TLS (DEPTH_ZERO_SELF_SIGNED_CERT, ERR_TLS_CERT_ALTNAME_INVALID, …), CONNECT_TIMEOUT,
 * BIND_TIMEOUT, CLOSED (before bind_resp), TOO_MANY_SESSIONS (of our own server) or ABORTED.
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

/** The peer answered the bind with this command_status. */
export class BindRefusedError extends Error {
  /** The same for each of them. */
  readonly code = 'BIND_REFUSED'
  /** That of bind_resp or generic_nack; commandStatusName has its name. */
  readonly commandStatus: number

  constructor(commandStatus: number, message: string) {
    super(message)
    this.name = 'BindRefusedError'
    this.commandStatus = commandStatus
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
    'The peer does not take our certificate: give one of a CA it knows as tls.cert and tls.key',
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

/** What an error of a socket or of TLS means for who wanted to connect. */
export function socketError(error: NodeJS.ErrnoException, where: string): SmppConnectError {
  const code = error.code ?? 'CLOSED'
  const advice = ADVICE.find(([pattern]) => pattern.test(code))?.[1]
  // Those of OpenSSL have lines of internals.
  const reason = code.startsWith('ERR_SSL') ? code : error.message
  const message = `cannot connect to ${where}: ${reason}${advice ? `. ${advice}` : ''}`
  return new SmppConnectError(code, message, { cause: error })
}

/**
 * The peer took the connection and closed it without a word: over TLS 1.3 also when it does not
 * like our certificate, which it sees only when the handshake is over for us.
 */
export function closedError(
  where: string,
  { command, tls }: { readonly command: BindCommand; readonly tls?: boolean | object },
): SmppConnectError {
  const hasCertificate = typeof tls === 'object' && ('cert' in tls || 'pfx' in tls)
  const hint = !tls
    ? 'It may want TLS (tls: true), or not know our address'
    : hasCertificate
      ? 'It may not take our certificate: give one of a CA it knows as tls.cert and tls.key'
      : 'It may want a certificate of ours (tls.cert and tls.key), or not know our address'
  return new SmppConnectError('CLOSED', `${closedBefore(command, where)}. ${hint}`)
}

function closedBefore(command: BindCommand, where: string): string {
  return `${where} closed before it answered ${command}`
}

/** What the outcome of a bind means; undefined when we are bound. */
export function bindError(
  outcome: RequestOutcome,
  command: BindCommand,
  where: string,
): SmppConnectError | BindRefusedError | undefined {
  switch (outcome.kind) {
    case 'timeout':
      return new SmppConnectError('BIND_TIMEOUT', `${where} did not answer ${command}`)
    case 'closed':
      return new SmppConnectError('CLOSED', closedBefore(command, where))
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
