import type { Socket } from 'node:net'
import { createServer, type SecureContextOptions, type Server } from 'node:tls'
import type { TlsOptions, TLSSocket } from 'node:tls'
import { isObject, shown, type OptionCheck } from '../wire/optionCheck.ts'

/**
 * Node's options of `tls.createServer`, such as `key`, `cert`, `SNICallback`, `minVersion` and
 * `ciphers`. To check certificates of clients, set `ca` and `requestCert: true`; clients without a
 * certificate of that CA are refused unless `rejectUnauthorized` is false.
 */
export type ServerTlsOptions = Omit<TlsOptions, 'allowHalfOpen' | 'pauseOnConnect' | 'noDelay'>

const IDENTITIES: readonly (readonly string[])[] = [
  ['key', 'cert'],
  ['privateKeyIdentifier', 'cert'],
  ['pfx'],
  ['SNICallback'],
  ['pskCallback'],
]

/** Without any of these identities there is no cipher that both sides could use. */
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
 * The server side of TLS for connections that were accepted elsewhere. A TLS server of Node that
 * listens nowhere does the handshakes and checks the certificates.
 */
export class TlsGate {
  readonly #server: Server
  readonly #waiting = new WeakMap<Socket, Done>()
  #options: ServerTlsOptions

  /** Throws Node's error for unusable options. */
  constructor(options: ServerTlsOptions) {
    this.#options = options
    this.#server = createServer(options)
    this.#server.on('secureConnection', (socket) => this.#settle(socket, socket))
    this.#server.on('tlsClientError', (error, socket) => {
      // Set if the handshake was complete but the certificate is invalid.
      const { authorizationError } = socket
      this.#settle(socket, authorizationError ? refusedBy(String(authorizationError)) : error)
    })
  }

  /**
   * Applies to future connections. Throws, and changes nothing, if the context is empty or
   * unusable.
   */
  setSecureContext(context: SecureContext): void {
    const options = renewed(this.#options, context)
    this.#server.setSecureContext(options)
    this.#options = options
  }

  /** Octets that were read already must be put back with `unshift` first. */
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
 * Node's setSecureContext resets every option that it does not get, including the trusted CAs and
 * the lowest version, so it gets all of them again.
 */
function renewed(options: ServerTlsOptions, context: SecureContext): ServerTlsOptions {
  const told = Object.entries(context).filter(([, value]) => value !== undefined)
  if (told.length === 0)
    throw new TypeError('setSecureContext got nothing: give what is new, such as cert and key')
  // The entries come from a SecureContext; Object.entries loses their types.
  const changes = Object.fromEntries(told) as SecureContext
  const kept = { ...options }
  // One certificate replaces the other: given both, OpenSSL would keep using the pfx.
  if (changes.pfx !== undefined) for (const name of CERTIFICATE) delete kept[name]
  else if (changes.cert !== undefined) delete kept.pfx
  return { ...kept, ...changes }
}

/**
 * The connection under a TLS socket. `_parent` is not public but exists since Node 0.12. Nothing
 * else links a failed handshake to its connection, whose address is gone by then.
 */
function connectionOf(socket: TLSSocket): Socket | undefined {
  // TLS always runs over the connection that `secure` got.
  return (socket as TLSSocket & { readonly _parent?: Socket })._parent
}

function refusedBy(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`its certificate was not taken: ${code}`), { code })
}
