import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { agreeable } from '../testing/agreeable.fixture.ts'
import type { RefusedConnection } from './arrival.ts'
import { TestAuthority } from '../testing/certificates.fixture.ts'
import {
  FAMILY,
  TCP4_BLOCK,
  TCP6_BLOCK,
  V1_LINE,
  V2,
  v2Header,
} from '../testing/proxyHeader.fixture.ts'
import { rawClient, RawPeer } from '../testing/rawPeer.fixture.ts'
import { bindPdu, ENQUIRE_LINK, headerOf, Inbox, submitPdu } from '../testing/servedPeer.fixture.ts'
import type { Session } from '../session/session.ts'
import { createSmppServer, type SmppServerOptions } from '../endpoint/smppServer.ts'

const authority = new TestAuthority('Test CA')
const V2_TCP4 = v2Header(V2.PROXY, FAMILY.TCP4, TCP4_BLOCK)
const V2_TCP6 = v2Header(V2.PROXY, FAMILY.TCP6, TCP6_BLOCK)
const V2_LOCAL = v2Header(V2.LOCAL, FAMILY.UNSPEC, Buffer.alloc(0))
const TALK = Buffer.concat([bindPdu(), submitPdu(2), headerOf(ENQUIRE_LINK, 3)])
const ANSWERS = ['bind_transceiver_resp', 'submit_sm_resp', 'enquire_link_resp']

async function served(options: Partial<SmppServerOptions> = {}) {
  const refused = new Inbox<RefusedConnection>()
  const bound = new Inbox<Session>()
  const server = createSmppServer({
    proxyProtocol: true,
    ...options,
    events: {
      ...agreeable,
      onBind(session, pdu) {
        bound.push(session)
        session.acceptBind(pdu)
      },
      onRefusedConnection: refused.push,
    },
  })
  onTestFinished(() => server.close())
  const { port } = await server.listen(0, '127.0.0.1')
  return { server, port, refused, bound }
}

async function connected(port: number): Promise<RawPeer> {
  const peer = await rawClient(port)
  onTestFinished(() => peer.close())
  return peer
}

describe('behind a proxy', () => {
  test.each([
    ['version 1', V1_LINE, { remoteAddress: '203.0.113.7', remotePort: 51234 }],
    ['version 2', V2_TCP4, { remoteAddress: '203.0.113.7', remotePort: 51234 }],
    ['version 2, IPv6', V2_TCP6, { remoteAddress: '2001:db8::7', remotePort: 51234 }],
    ['version 2, the proxy itself', V2_LOCAL, { remoteAddress: '127.0.0.1' }],
  ])('a session has the address of the real client: %s', async (_, header, expected) => {
    const { port, bound } = await served()
    const peer = await connected(port)
    peer.send(Buffer.concat([header, TALK]))
    const received = await peer.pdus(3)
    expect(received.map(({ command }) => command)).toEqual(ANSWERS)
    expect(await bound.next()).toMatchObject(expected)
  })

  test('a header is read in any pieces, and the octets after it are not lost', async () => {
    const { port, bound } = await served()
    const pieces = fc.array(fc.nat(250), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(V1_LINE, V2_TCP4), pieces, async (header, cuts) => {
        const peer = await rawClient(port)
        await sendInPieces(peer, Buffer.concat([header, TALK]), cuts)
        const received = await peer.pdus(3)
        expect(received.map(({ command }) => command)).toEqual(ANSWERS)
        expect(await bound.next()).toMatchObject({ remoteAddress: '203.0.113.7' })
        peer.close()
      }),
      { numRuns: 60, interruptAfterTimeLimit: 5_000 },
    )
  })

  test('a header that arrives octet by octet is read', async () => {
    const { port } = await served()
    const peer = await connected(port)
    const octets = Buffer.concat([V2_TCP4, bindPdu()])
    await sendInPieces(peer, octets, [...octets.keys()])
    expect((await peer.pdus(1)).length).toBe(1)
  })

  test.each([
    ['in the same piece', (socket: Socket) => prefixed(socket, V2_TCP4)],
    ['in a later piece', (socket: Socket) => socket],
  ])('the TLS handshake may follow the header %s', async (_, way) => {
    const { port, bound } = await served({ tls: authority.identity('centre') })
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const wire = way(socket)
    if (wire === socket) socket.write(V2_TCP4)
    const peer = new RawPeer(connectTls({ socket: wire, ca: authority.cert, host: '127.0.0.1' }))
    onTestFinished(() => void socket.destroy())
    peer.send(TALK)
    const received = await peer.pdus(3)
    expect(received.map(({ command }) => command)).toEqual(ANSWERS)
    const session = await bound.next()
    expect(session).toMatchObject({ remoteAddress: '203.0.113.7', remotePort: 51234 })
    expect(session.tls?.protocol).toBe('TLSv1.3')
  })

  test('a connection refused after its header is reported with the real address', async () => {
    const { port, refused } = await served({ tls: authority.identity('centre') })
    const peer = await connected(port)
    peer.send(Buffer.concat([V2_TCP4, bindPdu()]))
    expect(await refused.next()).toMatchObject({ kind: 'tls', remoteAddress: '203.0.113.7' })
    await peer.end()
  })
})

describe('a connection without a valid PROXY header is closed:', () => {
  test.each([
    ['a bind', bindPdu()],
    ['a header of another version', v2Header(0x31, FAMILY.TCP4, TCP4_BLOCK)],
    ['a line that never ends', Buffer.from(`PROXY TCP4 ${' '.repeat(200)}`)],
    ['a header that claims 65,535 octets', v2Header(V2.PROXY, FAMILY.TCP4, TCP4_BLOCK, 65_535)],
  ])('%s', async (_, octets) => {
    const { server, port, refused } = await served()
    const peer = await connected(port)
    peer.send(octets)
    expect(await refused.next()).toMatchObject({
      kind: 'proxyHeader',
      remoteAddress: '127.0.0.1',
      remotePort: peer.socket.localPort,
    })
    await peer.end()
    expect(peer.received).toEqual([])
    expect(server.sessions.size).toBe(0)
  })

  test('half a header followed by the end of the connection', async () => {
    const { port, refused } = await served()
    const peer = await connected(port)
    peer.socket.end(V2_TCP4.subarray(0, 20))
    expect(await refused.next()).toMatchObject({ kind: 'closed' })
    await peer.end()
  })

  test('half a header followed by a reset', async () => {
    const { port, refused } = await served()
    const peer = await connected(port)
    peer.socket.write(V2_TCP4.subarray(0, 20), () => peer.socket.resetAndDestroy())
    expect(await refused.next()).toMatchObject({ kind: 'closed', remoteAddress: '127.0.0.1' })
  })

  test('a header that arrives too slowly', async () => {
    const { server, port, refused } = await served({ timers: { sessionInitTimeoutMs: 60 } })
    const peer = await connected(port)
    const slow = v2Header(V2.PROXY, FAMILY.TCP4, Buffer.alloc(4000))
    let sent = 0
    const trickle = setInterval(() => peer.send(slow.subarray(sent, ++sent)), 5)
    expect(await refused.next()).toMatchObject({ kind: 'timeout' })
    clearInterval(trickle)
    await peer.end()
    expect(server.sessions.size).toBe(0)
  })
})

test('the PROXY header and the TLS handshake share one deadline', async () => {
  const { port, refused } = await served({
    tls: authority.identity('centre'),
    timers: { sessionInitTimeoutMs: 60 },
  })
  const peer = await connected(port)
  peer.send(V2_TCP4)
  expect(await refused.next()).toMatchObject({
    kind: 'timeout',
    reason: 'its TLS handshake was not complete within 60 ms',
    remoteAddress: '203.0.113.7',
  })
  await peer.end()
})

const starts = [V1_LINE, V2_TCP4, V2_TCP4.subarray(0, 13), Buffer.from('PROXY '), Buffer.alloc(0)]
const records = [Buffer.alloc(0), Buffer.from('1603010010', 'hex'), Buffer.from('160301', 'hex')]

test.each([
  ['with TLS', { tls: authority.identity('centre') }],
  ['without TLS', {}],
])(
  'a connection that sends arbitrary octets through a proxy ends in time, %s',
  async (_, options) => {
    const { server, port } = await served({ ...options, timers: { sessionInitTimeoutMs: 30 } })
    const noise = fc.tuple(
      fc.constantFrom(...starts),
      fc.constantFrom(...records),
      fc.uint8Array({ maxLength: 300 }),
    )
    await fc.assert(
      fc.asyncProperty(noise, fc.array(fc.nat(400), { maxLength: 3 }), async (octets, cuts) => {
        const peer = await rawClient(port)
        await sendInPieces(peer, Buffer.concat(octets), cuts)
        await peer.end()
      }),
      { numRuns: 60, interruptAfterTimeLimit: 5_000 },
    )
    await expect.poll(() => server.sessions.size).toBe(0)
  },
)

test.each([
  ['is listed is accepted', ['192.0.2.7', '127.0.0.0/8'], true],
  ['is not listed is refused', ['192.0.2.7', '10.0.0.0/8', '2001:db8::/32'], false],
])('a header from a proxy that %s', async (_, from, isTaken) => {
  const { port, refused, bound } = await served({ proxyProtocol: { from } })
  const peer = await connected(port)
  peer.send(Buffer.concat([V1_LINE, TALK]))
  if (isTaken) expect(await bound.next()).toMatchObject({ remoteAddress: '203.0.113.7' })
  else expect(await refused.next()).toMatchObject({ kind: 'untrustedProxy' })
})

test.each(['localhost', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/8x'])(
  'a list of proxies that contains %s is refused',
  async (proxy) => {
    const server = createSmppServer({ events: {}, proxyProtocol: { from: [proxy] } })
    await expect(server.listen(0, '127.0.0.1')).rejects.toThrow(`'${proxy}' is not an address`)
  },
)

describe('many silent connections', () => {
  const COUNT = 1000

  async function flood(port: number): Promise<void> {
    const peers = await Promise.all(Array.from({ length: COUNT }, () => rawClient(port)))
    await Promise.all(peers.map((peer) => peer.end()))
  }

  test('a thousand silent connections to a TLS port are all closed in time', async () => {
    const { server, port, refused } = await served({
      tls: authority.identity('centre'),
      proxyProtocol: false,
      timers: { sessionInitTimeoutMs: 500 },
    })
    await flood(port)
    expect(refused.all.map(({ kind }) => kind)).toEqual(Array(COUNT).fill('timeout'))
    expect(server.sessions.size).toBe(0)
  })

  test('connections beyond maxSessions are closed immediately', async () => {
    const maxSessions = 10
    const { server, port, refused } = await served({
      maxSessions,
      timers: { sessionInitTimeoutMs: 500 },
    })
    await flood(port)
    const tooMany = refused.all.filter(({ kind }) => kind === 'tooMany')
    const overdue = refused.all.filter(({ kind }) => kind === 'timeout')
    expect(tooMany.length + overdue.length).toBe(COUNT)
    // The first connections may time out and make room while later connections arrive.
    expect(tooMany.length).toBeGreaterThan(0)
    expect(server.sessions.size).toBe(0)
  })
})

/**
 * Cuts the octets at these places (modulo the length) and sends each piece in a separate event loop
 * iteration.
 */
async function sendInPieces(peer: RawPeer, octets: Buffer, cuts: readonly number[]) {
  const places = [...new Set(cuts.map((cut) => cut % octets.length))].toSorted((a, b) => a - b)
  let from = 0
  if (octets.length === 0) return
  for (const place of [...places, octets.length]) {
    peer.send(octets.subarray(from, place))
    from = place
    await new Promise(setImmediate)
  }
}

/**
 * Returns a stream over the same connection that writes the first chunk in one piece with the
 * header.
 */
function prefixed(socket: Socket, header: Buffer): Duplex {
  let first: Buffer | undefined = header
  const duplex = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      socket.write(first ? Buffer.concat([first, chunk]) : chunk, done)
      first = undefined
    },
  })
  socket.on('data', (chunk) => duplex.push(chunk))
  socket.on('close', () => duplex.destroy())
  return duplex
}
