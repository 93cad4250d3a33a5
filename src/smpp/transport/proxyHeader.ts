// The PROXY protocol, versions 1 (text) and 2 (binary), as defined in HAProxy's proxy-protocol.txt.
// A load balancer sends a PROXY header first, even before the TLS handshake, to tell the server the
// address of the real client.

import { isIPv4, isIPv6 } from 'node:net'

/** The address and port that a connection comes from. */
export interface Endpoint {
  /** IPv4 or IPv6. */
  readonly address: string
  /** 0 to 65535. */
  readonly port: number
}

/** The result of readProxyHeader. */
export type ProxyHeader =
  /** The octets so far may be the beginning of a header. */
  | { readonly kind: 'incomplete' }
  /**
   * `octets` is the length of the header; the octets after it come from the client. `source` is
   * undefined if the proxy itself connects (LOCAL, for its health checks) or does not give a TCP
   * address (UNKNOWN, UNSPEC, a UNIX socket, datagrams). In these cases, use the connection's own
   * address.
   */
  | { readonly kind: 'header'; readonly octets: number; readonly source: Endpoint | undefined }
  | { readonly kind: 'refused'; readonly reason: string }

const V1_PREFIX = Buffer.from('PROXY ')
/** The maximum length of a version 1 line by the specification, including CR LF. */
const V1_OCTETS_MAX = 107

const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const V2_FIXED_OCTETS = 16
/**
 * The limit on the octets after the fixed part. Addresses need at most 216 octets. The TLVs that
 * load balancers send, such as names and endpoint ids, need a few hundred octets.
 */
const V2_REST_OCTETS_MAX = 4096

const V2_VERSION = 2
const V2_LOCAL = 0
const V2_PROXY = 1
const V2_STREAM = 1
/** The number of octets of the addresses, by address family. TLVs follow the addresses. */
const V2_ADDRESS_OCTETS = [0, 12, 36, 216] as const
const V2_INET = 1
const V2_INET6 = 2
const V2_TRANSPORT_MAX = 2

const INCOMPLETE = { kind: 'incomplete' } as const

/**
 * Reads a header (proxy-protocol.txt §2.1, §2.2) from the beginning of the octets received so far.
 * Refuses octets that cannot become a header. With 4,112 octets (16 + 4,096) or more, the result is
 * never `incomplete`, so a caller does not have to buffer more.
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
  if (!isValid) return refused('its PROXY line does not have TCP4 or TCP6 and two endpoints')
  return { ...header, source: { address, port: Number(port) } }
}

/** Excludes zones (fe80::1%eth0), which Node accepts but which mean nothing on other machines. */
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
    if (version !== V2_VERSION)
      return refused(`its PROXY header has the unknown version ${version}`)
  }
  if (octets.length < V2_FIXED_OCTETS) return INCOMPLETE
  const command = octets.readUInt8(12) & 0x0f
  const family = octets.readUInt8(13) >> 4
  const transport = octets.readUInt8(13) & 0x0f
  const restOctets = octets.readUInt16BE(14)
  if (command !== V2_LOCAL && command !== V2_PROXY)
    return refused(`its PROXY header has the unknown command ${command}`)
  if (restOctets > V2_REST_OCTETS_MAX)
    return refused(`its PROXY header has ${restOctets} octets of data, over ${V2_REST_OCTETS_MAX}`)
  // The family of a LOCAL header must be ignored.
  if (command === V2_PROXY) {
    const addressOctets = V2_ADDRESS_OCTETS[family]
    if (addressOctets === undefined || transport > V2_TRANSPORT_MAX)
      return refused(`its PROXY header has an unknown address family: ${family}/${transport}`)
    if (restOctets < addressOctets)
      return refused(`its PROXY header has no room for addresses of family ${family}`)
  }
  const length = V2_FIXED_OCTETS + restOctets
  if (octets.length < length) return INCOMPLETE
  const isTcp = command === V2_PROXY && transport === V2_STREAM
  return { kind: 'header', octets: length, source: isTcp ? sourceV2(octets, family) : undefined }
}

/**
 * Reads the source. The addresses of source and destination come first, then their ports in the
 * same order.
 */
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

/** The address in the form of RFC 5952, which Node's sockets also use. `URL` produces this form. */
function shortIPv6(groups: readonly number[]): string {
  const text = groups.map((group) => group.toString(16)).join(':')
  return new URL(`http://[${text}]`).hostname.slice(1, -1)
}
