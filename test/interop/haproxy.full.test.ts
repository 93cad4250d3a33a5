// Runs Debian's HAProxy in front of our server, with the PROXY headers that it really writes and
// with TLS on either side of it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../src/cli/up/freePort.ts'
import { createSmppServer, ESME_ROK } from '../../src/smpp/index.ts'
import type { RefusedConnection, ServerTlsOptions, Session } from '../../src/smpp/index.ts'
import { TestAuthority } from '../../src/smpp/testing/certificates.fixture.ts'
import { rawClient, RawPeer } from '../../src/smpp/testing/rawPeer.fixture.ts'
import { bindPdu, Inbox, submitPdu } from '../../src/smpp/testing/servedPeer.fixture.ts'
import { debianProgram, isMissing } from './debianProgram.ts'

const HOST = '127.0.0.1'
const authority = new TestAuthority('Test CA')
const centre = authority.identity('centre.example')

interface Case {
  /** How HAProxy connects to our server, in its configuration language. */
  readonly toServer: string
  /** Whether our server speaks TLS. */
  readonly tls: boolean
  /** Whether the client speaks TLS: with our server, or with HAProxy if our server does not. */
  readonly clientTls: boolean
}

interface Submit {
  readonly session: Session
  readonly destination: string
}

/** Starts our server with HAProxy in front of it. */
async function behindHaproxy({ toServer, tls, clientTls }: Case) {
  const submits = new Inbox<Submit>()
  const refused = new Inbox<RefusedConnection>()
  const server = createSmppServer({
    proxyProtocol: { from: [HOST] },
    ...(tls ? { tls: centre satisfies ServerTlsOptions } : {}),
    events: {
      onBind: (session, pdu) => session.acceptBind(pdu),
      requests: {
        submit_sm(session, pdu) {
          submits.push({ session, destination: pdu.destination_addr })
          session.respond(pdu, ESME_ROK, { message_id: '1' })
        },
      },
      onRefusedConnection: refused.push,
    },
  })
  onTestFinished(() => server.close())
  const { port: serverPort } = await server.listen(0, HOST)
  const port = await freePort(0, HOST)
  const folder = await mkdtemp(join(tmpdir(), 'haproxy-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const pem = join(folder, 'centre.pem')
  await writeFile(pem, centre.cert + centre.key)
  const endsTls = clientTls && !tls
  await startHaproxy(join(folder, 'haproxy.cfg'), [
    'frontend clients',
    `  bind ${HOST}:${port}${endsTls ? ` ssl crt ${pem}` : ''}`,
    '  default_backend centre',
    'backend centre',
    `  server centre ${HOST}:${serverPort} ${toServer}`,
  ])
  return { port, submits, refused }
}

async function startHaproxy(path: string, sections: readonly string[]): Promise<void> {
  const defaults = ['global', '  maxconn 100', 'defaults', '  mode tcp', '  timeout connect 5s']
  const lines = [...defaults, '  timeout client 30s', '  timeout server 30s', ...sections, '']
  await writeFile(path, lines.join('\n'))
  const haproxy = debianProgram('haproxy', 'haproxy')
  // -db keeps it in the foreground.
  const child = spawn(haproxy, ['-db', '-f', path], { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  child.stdout.resume()
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill()
    await ended
  })
  ended.then(
    () => child.killed || process.stderr.write(`haproxy ended unexpectedly: ${complaints}\n`),
    (error: Error) => process.stderr.write(`haproxy did not start: ${error.message}\n`),
  )
}

/** Connects as soon as HAProxy listens. */
async function connected(port: number): Promise<Socket> {
  let socket: Socket | undefined
  await expect
    .poll(
      async () => {
        const one = connect({ port, host: HOST, noDelay: true })
        const isOpen = await once(one, 'connect').then(
          () => true,
          () => false,
        )
        if (isOpen) socket = one
        return isOpen
      },
      { timeout: 10_000 },
    )
    .toBe(true)
  if (!socket) throw new Error('never connected')
  const open = socket
  onTestFinished(() => void open.destroy())
  return open
}

describe.skipIf(isMissing('SIGNALBOX_NO_HAPROXY'))(
  'behind HAProxy the server sees the address of the real client',
  () => {
    test.each<[string, Case]>([
      ['version 1', { toServer: 'send-proxy', tls: false, clientTls: false }],
      [
        'version 2, with health checks',
        { toServer: 'send-proxy-v2 check inter 50ms', tls: false, clientTls: false },
      ],
      ['version 2, TLS from end to end', { toServer: 'send-proxy-v2', tls: true, clientTls: true }],
      [
        'version 2, TLS only behind HAProxy',
        { toServer: 'send-proxy-v2 ssl verify none', tls: true, clientTls: false },
      ],
      [
        'version 2 with TLVs, TLS only in front of HAProxy',
        { toServer: 'send-proxy-v2-ssl-cn', tls: false, clientTls: true },
      ],
    ])('%s', async (_, one) => {
      const { port, submits, refused } = await behindHaproxy(one)
      const socket = await connected(port)
      const { localPort, localAddress } = socket
      const wire = one.clientTls ? connectTls({ socket, host: HOST, ca: authority.cert }) : socket
      const peer = new RawPeer(wire)
      peer.send(bindPdu())
      await peer.pdus(1)
      peer.send(submitPdu(2))
      expect((await peer.pdus(2)).map(({ command_status }) => command_status)).toEqual([0, 0])
      const { session, destination } = await submits.next()
      expect(destination).toBe('4477')
      const { remoteAddress, remotePort } = session
      expect({ remoteAddress, remotePort }).toEqual({
        remoteAddress: localAddress,
        remotePort: localPort,
      })
      expect(session.tls !== undefined).toBe(one.tls)
      expect(refused.all).toEqual([])
    })

    test('and refuses a client that bypasses HAProxy and sends no header', async () => {
      const refused = new Inbox<RefusedConnection>()
      const server = createSmppServer({
        proxyProtocol: true,
        events: { onRefusedConnection: refused.push },
      })
      onTestFinished(() => server.close())
      const peer = await rawClient((await server.listen(0, HOST)).port)
      peer.send(bindPdu())
      expect(await refused.next()).toMatchObject({ kind: 'proxyHeader' })
      await peer.end()
    })
  },
)
