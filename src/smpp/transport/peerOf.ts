import { isIPv4, type Socket } from 'node:net'
import type { Endpoint } from './proxyHeader.ts'

const MAPPED = /^::ffff:/i

/** The peer's address: `source` if a proxy has given one, otherwise the address of the socket. */
export function peerOf(socket: Socket, source?: Endpoint) {
  return {
    remoteAddress: plainAddress(source?.address ?? socket.remoteAddress ?? ''),
    remotePort: source?.port ?? socket.remotePort ?? 0,
  }
}

/**
 * Converts an IPv4 address that is mapped to IPv6 to its IPv4 form. An IPv4 client of a port that
 * listens on `::` has the address ::ffff:10.0.0.7 (RFC 4291 §2.5.5.2).
 */
function plainAddress(address: string): string {
  if (!MAPPED.test(address)) return address
  const rest = address.replace(MAPPED, '')
  if (isIPv4(rest)) return rest
  // A load balancer may write the address in hexadecimal: ::ffff:a00:7.
  const groups = /^([\da-f]{1,4}):([\da-f]{1,4})$/i.exec(rest)
  if (!groups) return address
  const octets = Buffer.alloc(4)
  groups.slice(1).forEach((group, index) => octets.writeUInt16BE(parseInt(group, 16), 2 * index))
  return octets.join('.')
}
