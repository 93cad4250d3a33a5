import type { Socket } from 'node:net'
import { createServer, type SecureContextOptions, type Server } from 'node:tls'
import type { TlsOptions, TLSSocket } from 'node:tls'
import { isObject, shown, type OptionCheck } from '../wire/optionCheck.ts'

/**
 * Node's options of `tls.createServer`: `key` and `cert`, `ca` with `requestCert: true` for
 * certificates of clients (others are refused unless `rejectUnauthorized: false`), `SNICallback`,
 * `minVersion`, `ciphers` and others.
 */
export type ServerTlsOptions = Omit<TlsOptions, 'allowHalfOpen' | 'pauseOnConnect' | 'noDelay'>

const IDENTITIES: readonly (readonly string[])[] = [
  ['key', 'cert'],
  ['privateKeyIdentifier', 'cert'],
  ['pfx'],
  ['SNICallback'],
  ['pskCallback'],
]

/** Without any of these identities both sides share no cipher. */
export const serverTlsCheck: OptionCheck = (value, name) => {
  if (value === false) return
  const has = (option: string) => isObject(value) && value[option] !== undefined
  if (IDENTITIES.some((options) => options.every(has))) return
  const came = isObject(value) ? 'without a certificate' : shown(value)
  throw new TypeError(`${name} is ${came}: an object with key and cert, or pfx, is needed`)
}

/**
 * What `setSecureContext` takes: what is new, such as `cert` and `key`, or `ca`. What is left out
 * stays as the port was told.
 */
export type SecureContext = SecureContextOptions

type Done = (result: TLSSocket | Error) => void

/**
 * The server side of TLS for connections that were accepted elsewhere: a server of Node's that
 * listens nowhere does the handshakes, and checks the certificates.
 */
export class TlsGate {
  readonly #server: Server
  readonly #waiting = new WeakMap<Socket, Done>()
  #options: ServerTlsOptions

  /** Throws what Node says of options that cannot be used. */
  constructor(options: ServerTlsOptions) {
    this.#options = options
    this.#server = createServer(options)
    this.#server.on('secureConnection', (socket) => this.#settle(socket, socket))
    this.#server.on('tlsClientError', (error, socket) => {
      // Set when the handshake was complete and the certificate did not hold.
      const { authorizationError } = socket
      this.#settle(socket, authorizationError ? refusedBy(String(authorizationError)) : error)
    })
  }

  /**
   * For connections to come. Throws when there is nothing new, or it is unusable; then all stays as
   * it was.
   */
  setSecureContext(context: SecureContext): void {
    const options = renewed(this.#options, context)
    this.#server.setSecureContext(options)
    this.#options = options
  }

  /** Octets that were read already are to be put back with `unshift` before. */
  secure(connection: Socket, onDone: Done): void {
    this.#waiting.set(connection, onDone)
    this.#server.emit('connection', connection)
  }

  #settle(socket: TLSSocket, result: TLSSocket | Error): void {
    const connection = connectionOf(socket)
    const onDone = connection && this.#waiting.get(connection)
    if (!connection || !onDone) return
    this.#waiting.delete(connection)
    onDone(result)
  }
}

const CERTIFICATE = ['cert', 'key', 'pfx'] as const

/**
 * Node's setSecureContext forgets all that it is not told, whom to trust and the lowest version
 * included, so it is told everything again.
 */
function renewed(options: ServerTlsOptions, context: SecureContext): ServerTlsOptions {
  const told = Object.entries(context).filter(([, value]) => value !== undefined)
  if (told.length === 0)
    throw new TypeError('setSecureContext got nothing: give what is new, such as cert and key')
  // What is told has the types of SecureContext; entries forget them.
  const changes = Object.fromEntries(told) as SecureContext
  const kept = { ...options }
  // One certificate takes the place of the other; with both, OpenSSL would go on with the pfx.
  if (changes.pfx !== undefined) for (const name of CERTIFICATE) delete kept[name]
  else if (changes.cert !== undefined) delete kept.pfx
  return { ...kept, ...changes }
}

/**
 * Not public, and there since Node 0.12: nothing else tells which connection a handshake that
 * failed was for, since its address is gone by then.
 */
function connectionOf(socket: TLSSocket): Socket | undefined {
  // What TLS runs over is always the connection that was handed in.
  return (socket as TLSSocket & { readonly _parent?: Socket })._parent
}

function refusedBy(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`its certificate was not taken: ${code}`), { code })
}
