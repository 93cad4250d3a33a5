// The PROXY protocol, versions 1 (text) and 2 (binary), as HAProxy's proxy-protocol.txt has it:
// what a balancer writes before all else, TLS included, so that the server knows the real client.

import { isIPv4, isIPv6 } from 'node:net'

/** Where a connection comes from. */
export interface Endpoint {
  /** IPv4 or IPv6. */
  readonly address: string
  /** 0 to 65535. */
  readonly port: number
}

/** What readProxyHeader found at the front of a connection. */
export type ProxyHeader =
  /** No header yet, and what there is may become one. */
  | { readonly kind: 'incomplete' }
  /**
   * `octets`: how many the header has; what is behind them is the client's. `source`: undefined
   * when the proxy speaks for itself (LOCAL, its health checks) or does not know (UNKNOWN, UNSPEC,
   * a UNIX socket, datagrams); then the connection's own address holds.
   */
  | { readonly kind: 'header'; readonly octets: number; readonly source: Endpoint | undefined }
  | { readonly kind: 'refused'; readonly reason: string }

const V1_PREFIX = Buffer.from('PROXY ')
/** With its CR LF, by the specification. */
const V1_OCTETS_MAX = 107

const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const V2_FIXED_OCTETS = 16
/** Addresses take 216 at most; real TLVs (names, ids of a cloud's endpoints) some hundreds. */
const V2_REST_OCTETS_MAX = 4096

const V2_VERSION = 2
const V2_LOCAL = 0
const V2_PROXY = 1
const V2_STREAM = 1
/** What each address family has before the TLVs. */
const V2_ADDRESS_OCTETS = [0, 12, 36, 216] as const
const V2_INET = 1
const V2_INET6 = 2
const V2_TRANSPORT_MAX = 2

const INCOMPLETE = { kind: 'incomplete' } as const

/**
 * Reads a header (proxy-protocol.txt §2.1, §2.2) off the front of what has come so far. Anything
 * that cannot become one is refused at its first wrong octet. Holding `octets` needs no more than
 * 4,112 of them: with so many the answer is never `incomplete`.
 */
export function readProxyHeader(octets: Buffer): ProxyHeader {
  if (startsLike(octets, V1_PREFIX)) return readV1(octets)
  if (startsLike(octets, V2_SIGNATURE)) return readV2(octets)
  return refused('it does not begin with a PROXY header')
}

function startsLike(octets: Buffer, start: Buffer): boolean {
  const length = Math.min(octets.length, start.length)
  return octets.compare(start, 0, length, 0, length) === 0
}

function refused(reason: string): ProxyHeader {
  return { kind: 'refused', reason }
}

function readV1(octets: Buffer): ProxyHeader {
  const end = octets.subarray(0, V1_OCTETS_MAX).indexOf('\r\n')
  if (end < 0) {
    return octets.length < V1_OCTETS_MAX
      ? INCOMPLETE
      : refused(`its PROXY line has no end within ${V1_OCTETS_MAX} octets`)
  }
  const [protocol, ...fields] = octets.toString('latin1', V1_PREFIX.length, end).split(' ')
  const header = { kind: 'header', octets: end + 2 } as const
  if (protocol === 'UNKNOWN') return { ...header, source: undefined }
  const isAddress = protocol === 'TCP4' ? isIPv4 : protocol === 'TCP6' ? isPlainIPv6 : isNever
  const [address = '', destination = '', port = '', destinationPort = ''] = fields
  const isValid =
    fields.length === 4 &&
    [address, destination].every(isAddress) &&
    [port, destinationPort].every(isPort)
  if (!isValid) return refused('its PROXY line does not say TCP4 or TCP6 and two endpoints')
  return { ...header, source: { address, port: Number(port) } }
}

/** Node's own check also takes a zone (fe80::1%eth0), which means nothing on another machine. */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

function isNever(): boolean {
  return false
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 0xffff
}

function readV2(octets: Buffer): ProxyHeader {
  if (octets.length > V2_SIGNATURE.length) {
    const version = octets.readUInt8(V2_SIGNATURE.length) >> 4
    if (version !== V2_VERSION) return refused(`its PROXY header is of version ${version}`)
  }
  if (octets.length < V2_FIXED_OCTETS) return INCOMPLETE
  const command = octets.readUInt8(12) & 0x0f
  const family = octets.readUInt8(13) >> 4
  const transport = octets.readUInt8(13) & 0x0f
  const restOctets = octets.readUInt16BE(14)
  if (command !== V2_LOCAL && command !== V2_PROXY)
    return refused(`its PROXY header has the unknown command ${command}`)
  if (restOctets > V2_REST_OCTETS_MAX)
    return refused(`its PROXY header says ${restOctets} octets, and ${V2_REST_OCTETS_MAX} may be`)
  // The family of a LOCAL header must be ignored.
  if (command === V2_PROXY) {
    const addressOctets = V2_ADDRESS_OCTETS[family]
    if (addressOctets === undefined || transport > V2_TRANSPORT_MAX)
      return refused(`its PROXY header has the unknown family ${family} over ${transport}`)
    if (restOctets < addressOctets)
      return refused(`its PROXY header has no room for addresses of family ${family}`)
  }
  const length = V2_FIXED_OCTETS + restOctets
  if (octets.length < length) return INCOMPLETE
  const isTcp = command === V2_PROXY && transport === V2_STREAM
  return { kind: 'header', octets: length, source: isTcp ? sourceV2(octets, family) : undefined }
}

/** Source and destination address, then source and destination port. */
function sourceV2(octets: Buffer, family: number): Endpoint | undefined {
  const at = V2_FIXED_OCTETS
  if (family === V2_INET) {
    const address = octets.subarray(at, at + 4).join('.')
    return { address, port: octets.readUInt16BE(at + 8) }
  }
  if (family === V2_INET6) {
    const groups = Array.from({ length: 8 }, (_, group) => octets.readUInt16BE(at + 2 * group))
    return { address: shortIPv6(groups), port: octets.readUInt16BE(at + 32) }
  }
  return undefined
}

/** As RFC 5952 writes it, and as a socket of Node's would: `URL` knows how. */
function shortIPv6(groups: readonly number[]): string {
  const text = groups.map((group) => group.toString(16)).join(':')
  return new URL(`http://[${text}]`).hostname.slice(1, -1)
}
