import type { Socket } from 'node:net'
import { createServer, type SecureContextOptions, type Server } from 'node:tls'
import type { TlsOptions, TLSSocket } from 'node:tls'
import { isObject, shown, type OptionCheck } from '../wire/optionCheck.ts'

/**
 * The options of Node's `tls.createServer`, such as `key`, `cert`, `SNICallback`, `minVersion` and
 * `ciphers`. To check certificates of clients, set `ca` and `requestCert: true`. Clients without a
 * certificate from that CA are refused unless `rejectUnauthorized` is false.
 */
export type ServerTlsOptions = Omit<TlsOptions, 'allowHalfOpen' | 'pauseOnConnect' | 'noDelay'>

const IDENTITIES: readonly (readonly string[])[] = [
  ['key', 'cert'],
  ['privateKeyIdentifier', 'cert'],
  ['pfx'],
  ['SNICallback'],
  ['pskCallback'],
]

/** Requires one of IDENTITIES, without which a TLS server has no usable cipher. */
export const serverTlsCheck: OptionCheck = (value, name) => {
  if (value === false) return
  const has = (option: string) => isObject(value) && value[option] !== undefined
  if (IDENTITIES.some((options) => options.every(has))) return
  const came = isObject(value) ? 'without a certificate' : shown(value)
  throw new TypeError(`${name} is ${came}: an object with key and cert, or pfx, is needed`)
}

/**
 * The options that `setSecureContext` changes, such as `cert` and `key`, or `ca`. Missing options
 * keep the values of the port.
 */
export type SecureContext = SecureContextOptions

type Done = (result: TLSSocket | Error) => void

/**
 * The server side of TLS for connections that another server has accepted. A Node TLS server that
 * does not listen on any port does the handshakes and checks the certificates.
 */
export class TlsGate {
  readonly #server: Server
  readonly #waiting = new WeakMap<Socket, Done>()
  #options: ServerTlsOptions

  /** Throws Node's error for invalid options. */
  constructor(options: ServerTlsOptions) {
    this.#options = options
    this.#server = createServer(options)
    this.#server.on('secureConnection', (socket) => this.#settle(socket, socket))
    this.#server.on('tlsClientError', (error, socket) => {
      // authorizationError is set if the handshake was complete but the certificate is invalid.
      const { authorizationError } = socket
      this.#settle(socket, authorizationError ? refusedBy(String(authorizationError)) : error)
    })
  }

  /**
   * Changes the options for future connections. Throws without changing anything if the context is
   * empty or invalid.
   */
  setSecureContext(context: SecureContext): void {
    const options = renewed(this.#options, context)
    this.#server.setSecureContext(options)
    this.#options = options
  }

  /** Starts the handshake. Octets that were already read must be put back with `unshift` first. */
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
 * Returns the old options with the changes. Node's setSecureContext resets every option that it is
 * not given, including the trusted CAs and the minimum version, so it must be given all of them.
 */
function renewed(options: ServerTlsOptions, context: SecureContext): ServerTlsOptions {
  const told = Object.entries(context).filter(([, value]) => value !== undefined)
  if (told.length === 0)
    throw new TypeError('setSecureContext needs at least one option, such as cert and key')
  // The entries come from a SecureContext; Object.entries loses their types.
  const changes = Object.fromEntries(told) as SecureContext
  const kept = { ...options }
  // A new cert replaces an old pfx, and a new pfx replaces an old cert. With both, OpenSSL would
  // keep using the pfx.
  if (changes.pfx !== undefined) for (const name of CERTIFICATE) delete kept[name]
  else if (changes.cert !== undefined) delete kept.pfx
  return { ...kept, ...changes }
}

/**
 * The connection under a TLS socket. `_parent` is not public, but it has existed since Node 0.12.
 * There is no other way to find the connection of a failed handshake, because the address of its
 * socket is no longer available.
 */
function connectionOf(socket: TLSSocket): Socket | undefined {
  // TLS always runs over the connection that was passed to `secure`.
  return (socket as TLSSocket & { readonly _parent?: Socket })._parent
}

function refusedBy(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`the certificate of the peer was rejected: ${code}`), { code })
}
