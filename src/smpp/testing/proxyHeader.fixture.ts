export const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

export const V2 = { LOCAL: 0x20, PROXY: 0x21 } as const

/** The values of the octet for address family and transport. */
export const FAMILY = { UNSPEC: 0x00, TCP4: 0x11, UDP4: 0x12, TCP6: 0x21, UNIX: 0x31 } as const

/** A PROXY header of version 2 that ends with `rest`. Pass `length` to write a wrong length. */
export function v2Header(command: number, family: number, rest: Buffer, length = rest.length) {
  const fixed = Buffer.from([command, family, length >> 8, length & 0xff])
  return Buffer.concat([V2_SIGNATURE, fixed, rest])
}

/** The addresses of a client, 203.0.113.7:51234, and a server, 192.0.2.1:2775. */
export const TCP4_BLOCK = Buffer.from('cb007107' + 'c0000201' + 'c822' + '0ad7', 'hex')
/** The addresses of a client, [2001:db8::7]:51234, and a server, [2001:db8::1]:2775. */
export const TCP6_BLOCK = Buffer.from(
  '20010db8000000000000000000000007' + '20010db8000000000000000000000001' + 'c822' + '0ad7',
  'hex',
)
export const V1_LINE = Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 51234 2775\r\n')
