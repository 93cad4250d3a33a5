import { connect as connectTls } from 'node:tls'
import { expect, onTestFinished, test, vi } from 'vitest'
import { agreeable } from '../testing/agreeable.fixture.ts'
import { TestAuthority } from '../testing/certificates.fixture.ts'
import { listenForOutbind } from '../endpoint/listenForOutbind.ts'
import { V1_LINE } from '../testing/proxyHeader.fixture.ts'
import { RawPeer, rawClient } from '../testing/rawPeer.fixture.ts'
import { bindPdu, Inbox } from '../testing/servedPeer.fixture.ts'
import type { Session } from '../session/session.ts'
import {
  createSmppServer,
  type SmppServer,
  type SmppServerOptions,
} from '../endpoint/smppServer.ts'

/** A server that calls `onConnection` for each new session, and the events of its sessions. */
async function served(
  onConnection: (session: Session, server: SmppServer) => void,
  options: Partial<SmppServerOptions> = {},
) {
  const told = new Inbox<string>()
  const server: SmppServer = createSmppServer({
    ...options,
    events: {
      ...agreeable,
      onConnection(session) {
        told.push(`${session.state} from ${session.remoteAddress}`)
        onConnection(session, server)
      },
      onBind(session, pdu) {
        told.push(`bind of ${String(session.context)}`)
        session.acceptBind(pdu)
      },
      onClosed: (_, reason) => told.push(reason),
    },
  })
  onTestFinished(() => server.close())
  const { port } = await server.listen(0, '127.0.0.1')
  return { server, port, told }
}

test('onConnection is called before the bind, with the address of the real client', async () => {
  const { server, port, told } = await served(
    (session) => {
      session.context = [...server.sessions].indexOf(session)
    },
    { proxyProtocol: true },
  )
  const peer = await rawClient(port)
  peer.send(Buffer.concat([V1_LINE, bindPdu()]))
  await peer.pdus(1)
  expect(told.all).toEqual(['OPEN from 203.0.113.7', 'bind of 0'])
  peer.close()
})

test('over TLS, onConnection is called after the handshake, with the certificate', async () => {
  const authority = new TestAuthority('Test CA')
  const identity = authority.identity('centre.example')
  const tls = { ...identity, ca: authority.cert, requestCert: true }
  const { port, told } = await served(
    (session) => {
      session.context = session.tls?.peerCertificate?.subject
    },
    { tls },
  )
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    ca: authority.cert,
    servername: 'centre.example',
    ...authority.identity('esme1'),
  })
  const peer = new RawPeer(socket)
  // The bind is sent together with the end of the handshake.
  peer.send(bindPdu())
  await peer.pdus(1)
  expect(told.all).toEqual(['OPEN from 127.0.0.1', 'bind of CN=esme1'])
  peer.close()
})

test.each([
  ['close', (session: Session) => session.close('unwanted'), 'unwanted'],
  ['unbind', (session: Session) => void session.unbind(), 'closed before any bind'],
])(
  '%s in onConnection closes without sending a PDU and calls onClosed once',
  async (_, refuse, reason) => {
    const { server, port, told } = await served(refuse)
    const peer = await rawClient(port)
    peer.send(bindPdu())
    await peer.end()
    expect(peer.received).toEqual([])
    expect(told.all).toEqual(['OPEN from 127.0.0.1', reason])
    expect(server.sessions.size).toBe(0)
  },
)

test('after close in onConnection, a bind that came with the PROXY header is ignored', async () => {
  const { port, told } = await served((session) => session.close('unwanted'), {
    proxyProtocol: true,
  })
  const peer = await rawClient(port)
  peer.send(Buffer.concat([V1_LINE, bindPdu()]))
  await peer.end()
  expect(peer.received).toEqual([])
  expect(told.all).toEqual(['OPEN from 203.0.113.7', 'unwanted'])
})

test('a connection closed in onConnection counts towards maxSessions until it ends', async () => {
  const { port, told } = await served((session) => session.close('unwanted'), { maxSessions: 1 })
  await vi.waitFor(async () => {
    // A connection that arrives before the previous one has ended exceeds maxSessions, so
    // onConnection is not called.
    const peer = await rawClient(port)
    await peer.end()
    expect(told.all.filter((one) => one === 'unwanted').length).toBeGreaterThan(2)
  })
})

test('onConnection may close the whole server', async () => {
  const closing = new Inbox<Promise<void>>()
  const { server, port, told } = await served((_, itself) => closing.push(itself.close()))
  const peer = await rawClient(port)
  await peer.end()
  await closing.next()
  expect(told.all).toEqual(['OPEN from 127.0.0.1', 'closed before any bind'])
  expect(server.sessions.size).toBe(0)
})

test('onConnection is called before outbind is sent, and close rejects the outbind', async () => {
  const asked = new Inbox<string>()
  const listener = await listenForOutbind({
    port: 0,
    host: '127.0.0.1',
    events: { onOutbind: (_, { system_id }) => asked.push(system_id) },
  })
  onTestFinished(() => listener.close())
  const { server, told } = await served((session) => session.close('unwanted'))
  const leaving = server.outbind({
    host: '127.0.0.1',
    port: listener.port,
    system_id: 'MC',
    password: '',
  })
  await expect(leaving).rejects.toMatchObject({
    code: 'CLOSED',
    message: expect.stringContaining('did not bind after outbind: unwanted'),
  })
  await server.close()
  expect(told.all).toEqual(['OPEN from 127.0.0.1', 'unwanted'])
  expect(asked.all).toEqual([])
})
