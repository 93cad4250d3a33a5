// A certificate authority for tests. All certificates are created in memory, so the repository
// holds no private keys and no certificates that could expire.

import { generateKeyPairSync } from 'node:crypto'
import forge from 'node-forge'

const { pki } = forge
const DAY_MS = 86_400_000

// All certificates share one key, because tests only depend on the issuer, the subject and the
// validity of a certificate.
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
})
const signingKey = pki.privateKeyFromPem(privateKey)
const publicKey = pki.setRsaPublicKey(signingKey.n, signingKey.e)

/** A key and its certificate in PEM, for the TLS options of Node. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

export interface IdentityOptions {
  /** The hosts in subjectAltName. Default: 127.0.0.1. */
  readonly hosts?: readonly string[]
  /** The validity in days from now. A certificate with a negative value has expired. Default: 1. */
  readonly days?: number
}

export class TestAuthority {
  readonly #name: string
  readonly cert: string
  #serial = 1

  constructor(name: string) {
    this.#name = name
    const extensions = [
      { name: 'basicConstraints', cA: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true },
    ]
    this.cert = this.#sign(name, 1, extensions)
  }

  /** Creates a key and a certificate that a server or a client can use. */
  identity(commonName: string, options: IdentityOptions = {}): Identity {
    const { hosts = ['127.0.0.1'], days = 1 } = options
    const altNames = hosts.map((host) =>
      /^[\d.]+$/.test(host) ? { type: 7, ip: host } : { type: 2, value: host },
    )
    const extensions = [
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames },
    ]
    return { key: privateKey, cert: this.#sign(commonName, days, extensions) }
  }

  #sign(commonName: string, days: number, extensions: object[]): string {
    const certificate = pki.createCertificate()
    certificate.publicKey = publicKey
    certificate.serialNumber = (this.#serial++).toString(16).padStart(2, '0')
    const now = Date.now()
    certificate.validity.notBefore = new Date(now - 10 * DAY_MS)
    certificate.validity.notAfter = new Date(now + days * DAY_MS)
    certificate.setSubject([{ name: 'commonName', value: commonName }])
    certificate.setIssuer([{ name: 'commonName', value: this.#name }])
    certificate.setExtensions(extensions)
    certificate.sign(signingKey, forge.md.sha256.create())
    return pki.certificateToPem(certificate)
  }
}

/** Converts an identity to PKCS #12 with the passphrase 'p'. */
export function pfxOf({ key, cert }: Identity): Buffer {
  const asn1 = forge.pkcs12.toPkcs12Asn1(
    pki.privateKeyFromPem(key),
    pki.certificateFromPem(cert),
    'p',
    {
      algorithm: '3des',
    },
  )
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1')
}
