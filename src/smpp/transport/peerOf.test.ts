import { onTestFinished, expect, test } from 'vitest'
import { agreeable } from '../testing/agreeable.fixture.ts'
import type { RefusedConnection } from './arrival.ts'
import { connectSmpp } from '../endpoint/connectSmpp.ts'
import { FAMILY, V2, v2Header } from '../testing/proxyHeader.fixture.ts'
import { rawClient } from '../testing/rawPeer.fixture.ts'
import { bindPdu, Inbox } from '../testing/servedPeer.fixture.ts'
import { createSmppServer, type SmppServerOptions } from '../endpoint/smppServer.ts'

/** A server that listens on all addresses, with one socket for IPv6 and IPv4 if possible. */
async function dualStack(options: Partial<SmppServerOptions> = {}) {
  const refused = new Inbox<RefusedConnection>()
  const server = createSmppServer({
    ...options,
    events: { ...agreeable, onRefusedConnection: refused.push },
  })
  onTestFinished(() => server.close())
  const { port } = await server.listen(0)
  return { server, port, refused }
}

const WHO = { command: 'bind_transceiver', system_id: 'esme1', password: 'secret' } as const

test('a session from an IPv4 client on a dual-stack port has the IPv4 address', async () => {
  const { server, port } = await dualStack()
  const session = await connectSmpp({ host: '127.0.0.1', port, ...WHO })
  expect([...server.sessions].map(({ remoteAddress }) => remoteAddress)).toEqual(['127.0.0.1'])
  await session.unbind()
})

test('a refused IPv4 client on a dual-stack port is reported with its IPv4 address', async () => {
  const { port, refused } = await dualStack({ maxSessions: 1 })
  const first = await rawClient(port)
  const second = await rawClient(port)
  await second.end()
  expect(await refused.next()).toMatchObject({ kind: 'tooMany', remoteAddress: '127.0.0.1' })
  first.close()
})

test('an IPv4 client that a proxy reports as an IPv6 address has its IPv4 address', async () => {
  const { server, port } = await dualStack({ proxyProtocol: true })
  const addresses = Buffer.from('00000000000000000000ffffcb007107'.repeat(2) + 'c8220ad7', 'hex')
  const peer = await rawClient(port)
  peer.send(Buffer.concat([v2Header(V2.PROXY, FAMILY.TCP6, addresses), bindPdu()]))
  await peer.pdus(1)
  expect([...server.sessions]).toMatchObject([{ remoteAddress: '203.0.113.7', remotePort: 51234 }])
  peer.close()
})
