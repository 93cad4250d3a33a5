// Tests TLS with certificates on both sides against another implementation (npm `smpp`), as client
// and as server.

import { connect as connectOther, createServer } from 'smpp'
import type { Pdu, Session as OtherSession } from 'smpp'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectSmpp, createSmppServer, ESME_ROK } from '../../src/smpp/index.ts'
import type { ClientTlsOptions, RefusedConnection } from '../../src/smpp/index.ts'
import { type Identity, TestAuthority } from '../../src/smpp/testing/certificates.fixture.ts'
import { Inbox } from '../../src/smpp/testing/servedPeer.fixture.ts'

const HOST = '127.0.0.1'
const authority = new TestAuthority('Test CA')
const centre = authority.identity('centre.example')
const esme = authority.identity('esme1')
const stranger = new TestAuthority('Another CA').identity('esme1')
const CLIENT = { host: HOST, command: 'bind_transceiver', system_id: 'e', password: 'p' } as const

describe('npm smpp as a client of our server', () => {
  async function served() {
    const refused = new Inbox<RefusedConnection>()
    const subjects: (string | undefined)[] = []
    const server = createSmppServer({
      tls: { ...centre, ca: authority.cert, requestCert: true },
      events: {
        onBind(session, pdu) {
          subjects.push(session.tls?.peerCertificate?.subject)
          session.acceptBind(pdu)
        },
        requests: {
          submit_sm: (session, pdu) => session.respond(pdu, ESME_ROK, { message_id: '7' }),
        },
        onRefusedConnection: refused.push,
      },
    })
    onTestFinished(() => server.close())
    return { port: (await server.listen(0, HOST)).port, refused, subjects }
  }

  function connecting(port: number, identity: Partial<Identity>): OtherSession {
    const session = connectOther({
      url: `ssmpp://${HOST}:${port}`,
      ca: authority.cert,
      ...identity,
    })
    // A refused client gets a connection error.
    session.on('error', () => undefined)
    onTestFinished(() => session.destroy())
    return session
  }

  test('binds and submits with its certificate', async () => {
    const { port, subjects } = await served()
    const session = connecting(port, esme)
    await new Promise<void>((resolve) => session.on('secureConnect', resolve))
    const bound = await new Promise<Pdu>((resolve) =>
      session.bind_transceiver({ system_id: 'esme1', password: 'secret' }, resolve),
    )
    const submitted = await new Promise<Pdu>((resolve) =>
      session.submit_sm({ destination_addr: '4477', short_message: 'hello' }, resolve),
    )
    expect([bound.command_status, submitted.message_id]).toEqual([ESME_ROK, '7'])
    expect(subjects).toEqual(['CN=esme1'])
    await new Promise<void>((resolve) => session.unbind(() => session.close(resolve)))
  })

  test.each([
    ['without a certificate', {}, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    ['with a certificate of an unknown authority', stranger, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ])('is refused %s', async (_, identity, code) => {
    const { port, refused, subjects } = await served()
    const session = connecting(port, identity)
    const closed = new Promise<void>((resolve) => session.on('close', resolve))
    expect(await refused.next()).toMatchObject({ kind: 'tls', code })
    await closed
    expect(subjects).toEqual([])
  })
})

describe('our client at a server made with npm smpp', () => {
  async function other(): Promise<number> {
    const sessions = new Set<OtherSession>()
    const tls = { ...centre, ca: authority.cert, requestCert: true }
    const server = createServer(tls, (session) => {
      sessions.add(session)
      session.on('bind_transceiver', (pdu) => session.send(pdu.response()))
      session.on('submit_sm', (pdu) => session.send(pdu.response({ message_id: '9' })))
      session.on('unbind', (pdu) => {
        session.send(pdu.response())
        session.close()
      })
      session.on('error', () => session.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
    onTestFinished(() => {
      for (const session of sessions) session.destroy()
      server.close()
    })
    return server.address().port
  }

  test('binds and submits with its certificate', async () => {
    const port = await other()
    const session = await connectSmpp({ ...CLIENT, port, tls: { ca: authority.cert, ...esme } })
    const id = await new Promise<unknown>((resolve) => {
      session.request('submit_sm', { destination_addr: '4477' }, (outcome) =>
        resolve(outcome.kind === 'response' && outcome.pdu),
      )
    })
    expect(id).toMatchObject({ message_id: '9' })
    await session.unbind()
  })

  test.each<[string, ClientTlsOptions, object]>([
    [
      'without a certificate',
      { ca: authority.cert },
      { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' },
    ],
    // The server of Node sends no alert to such a client.
    [
      'with a certificate of an unknown authority',
      { ca: authority.cert, ...stranger },
      { name: 'SmppConnectError' },
    ],
    ['when it does not trust the server', { ...esme }, { code: 'SELF_SIGNED_CERT_IN_CHAIN' }],
  ])('is refused %s', async (_, tls, expected) => {
    const port = await other()
    await expect(connectSmpp({ ...CLIENT, port, tls })).rejects.toMatchObject(expected)
  })
})
