import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readProxyHeader } from './proxyHeader.ts'
import {
  FAMILY,
  TCP4_BLOCK,
  TCP6_BLOCK,
  V1_LINE,
  V2,
  v2Header,
  V2_SIGNATURE,
} from '../testing/proxyHeader.fixture.ts'

const OCTETS_MAX = 4112
const CLIENT4 = { address: '203.0.113.7', port: 51234 }
const CLIENT6 = { address: '2001:db8::7', port: 51234 }

function sourceOf(octets: Buffer | string) {
  const header = readProxyHeader(typeof octets === 'string' ? Buffer.from(octets) : octets)
  return header.kind === 'header' ? header.source : header
}

describe('version 1', () => {
  test('gives the address of the client for TCP over IPv4 and IPv6', () => {
    expect(sourceOf(V1_LINE)).toEqual(CLIENT4)
    const line = 'PROXY TCP6 2001:db8::7 2001:db8::1 51234 2775\r\n'
    expect(sourceOf(line)).toEqual(CLIENT6)
  })

  test('gives no address if the proxy does not know the client', () => {
    expect(sourceOf('PROXY UNKNOWN\r\n')).toBeUndefined()
    expect(sourceOf('PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n')).toBeUndefined()
  })

  test('accepts a line of up to 107 octets', () => {
    const line = (octets: number) => `PROXY UNKNOWN ${'f'.repeat(octets - 16)}\r\n`
    expect(readProxyHeader(Buffer.from(line(107)))).toMatchObject({ kind: 'header', octets: 107 })
    expect(readProxyHeader(Buffer.from(line(108)))).toMatchObject({ kind: 'refused' })
    expect(readProxyHeader(Buffer.from(line(107).slice(0, 106)))).toEqual({ kind: 'incomplete' })
  })

  test.each([
    ['another protocol', 'PROXY UDP4 203.0.113.7 192.0.2.1 51234 2775'],
    ['no protocol', 'PROXY '],
    ['too few fields', 'PROXY TCP4 203.0.113.7 192.0.2.1 51234'],
    ['too many fields', 'PROXY TCP4 203.0.113.7 192.0.2.1 51234 2775 1'],
    ['two spaces', 'PROXY TCP4  203.0.113.7 192.0.2.1 51234 2775'],
    ['an address of the other family', 'PROXY TCP4 2001:db8::7 192.0.2.1 51234 2775'],
    ['a name', 'PROXY TCP4 example.com 192.0.2.1 51234 2775'],
    ['a zone', 'PROXY TCP6 fe80::1%eth0 2001:db8::1 51234 2775'],
    ['an invalid destination', 'PROXY TCP4 203.0.113.7 nowhere 51234 2775'],
    ['a port above 65535', 'PROXY TCP4 203.0.113.7 192.0.2.1 65536 2775'],
    ['a port with a leading zero', 'PROXY TCP4 203.0.113.7 192.0.2.1 051234 2775'],
    ['a port that is not a number', 'PROXY TCP4 203.0.113.7 192.0.2.1 -1 2775'],
    ['LF alone', 'PROXY TCP4 203.0.113.7 192.0.2.1 51234 2775\n' + ' '.repeat(80)],
  ])('refuses %s', (_, line) => {
    expect(readProxyHeader(Buffer.from(`${line}\r\n`))).toMatchObject({ kind: 'refused' })
  })
})

describe('version 2', () => {
  const tlvs = Buffer.from('030004a1b2c3d4' + '0500021234', 'hex')

  test('gives the address of the client for TCP over IPv4 and IPv6, and skips TLVs', () => {
    expect(sourceOf(v2Header(V2.PROXY, FAMILY.TCP4, TCP4_BLOCK))).toEqual(CLIENT4)
    expect(sourceOf(v2Header(V2.PROXY, FAMILY.TCP6, TCP6_BLOCK))).toEqual(CLIENT6)
    const withTlvs = v2Header(V2.PROXY, FAMILY.TCP4, Buffer.concat([TCP4_BLOCK, tlvs]))
    const read = readProxyHeader(Buffer.concat([withTlvs, Buffer.from('bind')]))
    expect(read).toEqual({ kind: 'header', octets: withTlvs.length, source: CLIENT4 })
  })

  test.each([
    ['LOCAL with an address', v2Header(V2.LOCAL, 0xff, TCP4_BLOCK)],
    ['LOCAL without an address', v2Header(V2.LOCAL, FAMILY.UNSPEC, Buffer.alloc(0))],
    ['UNSPEC', v2Header(V2.PROXY, FAMILY.UNSPEC, tlvs)],
    ['a UNIX socket', v2Header(V2.PROXY, FAMILY.UNIX, Buffer.alloc(216))],
    ['datagrams', v2Header(V2.PROXY, FAMILY.UDP4, TCP4_BLOCK)],
  ])('gives no address for %s', (_, octets) => {
    expect(readProxyHeader(octets)).toEqual({
      kind: 'header',
      octets: octets.length,
      source: undefined,
    })
  })

  test.each([
    ['another version', v2Header(0x11, FAMILY.TCP4, TCP4_BLOCK)],
    ['an unknown command', v2Header(0x22, FAMILY.TCP4, TCP4_BLOCK)],
    ['an unknown family', v2Header(V2.PROXY, 0x41, TCP4_BLOCK)],
    ['an unknown transport', v2Header(V2.PROXY, 0x13, TCP4_BLOCK)],
    ['too few octets for IPv4', v2Header(V2.PROXY, FAMILY.TCP4, TCP4_BLOCK.subarray(1))],
    ['too few octets for IPv6', v2Header(V2.PROXY, FAMILY.TCP6, TCP6_BLOCK.subarray(1))],
    ['too few octets for UNIX', v2Header(V2.PROXY, FAMILY.UNIX, Buffer.alloc(215))],
    ['more than 4,096 octets', v2Header(V2.PROXY, FAMILY.TCP4, TCP4_BLOCK, 4097)],
  ])('refuses %s', (_, octets) => {
    expect(readProxyHeader(octets)).toMatchObject({ kind: 'refused' })
  })

  test('accepts up to 4,096 octets after the fixed part', () => {
    const most = v2Header(V2.PROXY, FAMILY.TCP4, Buffer.concat([TCP4_BLOCK, Buffer.alloc(4084)]))
    expect(most.length).toBe(OCTETS_MAX)
    expect(sourceOf(most)).toEqual(CLIENT4)
    expect(readProxyHeader(most.subarray(0, -1))).toEqual({ kind: 'incomplete' })
  })
})

test.each([
  ['a bind', '0000002f'],
  ['a TLS handshake', '1603'],
  ['HTTP', '47'],
])('%s instead of a header is refused at its first octet', (_, hex) => {
  expect(readProxyHeader(Buffer.from(hex, 'hex'))).toMatchObject({ kind: 'refused' })
})

const port = fc.integer({ min: 0, max: 0xffff })

const v1 = fc
  .oneof(
    fc.tuple(fc.constant('TCP4'), fc.ipV4(), fc.ipV4(), port, port),
    fc.tuple(fc.constant('TCP6'), fc.ipV6(), fc.ipV6(), port, port),
  )
  .map(([protocol, from, to, fromPort, toPort]) => ({
    octets: Buffer.from(`PROXY ${protocol} ${from} ${to} ${fromPort} ${toPort}\r\n`),
    source: { address: from, port: fromPort },
  }))

const v2 = fc
  .record({
    from: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    to: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    port,
    tlvs: fc.uint8Array({ maxLength: 300 }),
  })
  .map(({ from, to, port: fromPort, tlvs: more }) => {
    const ports = Buffer.from([fromPort >> 8, fromPort & 0xff, 0, 0])
    const rest = Buffer.concat([from, to, ports, more])
    return {
      octets: v2Header(V2.PROXY, FAMILY.TCP4, rest),
      source: { address: from.join('.'), port: fromPort },
    }
  })

test('a header is incomplete until its last octet, and later octets do not matter', () => {
  fc.assert(
    fc.property(fc.oneof(v1, v2), fc.uint8Array({ maxLength: 50 }), ({ octets, source }, rest) => {
      for (let length = 0; length < octets.length; length++)
        expect(readProxyHeader(octets.subarray(0, length))).toEqual({ kind: 'incomplete' })
      const read = readProxyHeader(Buffer.concat([octets, rest]))
      expect(read).toEqual({ kind: 'header', octets: octets.length, source })
    }),
  )
})

test('an IPv6 address in a version 2 header is read correctly', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (address) => {
      const block = Buffer.concat([address, TCP6_BLOCK.subarray(16)])
      const source = sourceOf(v2Header(V2.PROXY, FAMILY.TCP6, block))
      const told = source && 'address' in source ? source.address : ''
      expect(isIPv6(told)).toBe(true)
      expect(octetsOf(told)).toBe(Buffer.from(address).toString('hex'))
    }),
  )
})

/** The octets of an IPv6 address in short form, as hexadecimal digits. */
function octetsOf(address: string): string {
  const [front = '', back] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const gap = back === undefined ? 0 : 8 - groups(front).length - groups(back).length
  return [...groups(front), ...Array.from({ length: gap }, () => '0'), ...groups(back ?? '')]
    .map((group) => group.padStart(4, '0'))
    .join('')
}

const starts = [Buffer.alloc(0), V2_SIGNATURE, Buffer.from('PROXY '), Buffer.from('PROXY TCP4 ')]

test('arbitrary octets never throw, and 4,112 octets are never incomplete', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...starts),
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(0, OCTETS_MAX),
      (start, noise, padding) => {
        const octets = Buffer.concat([start, noise, Buffer.alloc(padding)])
        const read = readProxyHeader(octets)
        if (octets.length >= OCTETS_MAX) expect(read.kind).not.toBe('incomplete')
        if (read.kind === 'header') expect(read.octets).toBeLessThanOrEqual(octets.length)
      },
    ),
  )
})

test('the result for a complete or refused header does not change with later octets', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...starts),
      fc.uint8Array({ maxLength: 120 }),
      fc.uint8Array({ maxLength: 20 }),
      (start, noise, more) => {
        const octets = Buffer.concat([start, noise])
        const before = readProxyHeader(octets)
        fc.pre(before.kind !== 'incomplete')
        expect(readProxyHeader(Buffer.concat([octets, more]))).toEqual(before)
      },
    ),
  )
})
