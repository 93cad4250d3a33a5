import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { agreeable } from '../testing/agreeable.fixture.ts'
import { connectSmpp } from '../endpoint/connectSmpp.ts'
import { RawPeer, rawClient, rawServer } from '../testing/rawPeer.fixture.ts'
import { bindPdu, ENQUIRE_LINK, headerOf, submitPdu } from '../testing/servedPeer.fixture.ts'
import {
  authority,
  binding,
  centre,
  failing,
  served,
  stranger,
  WITH_CLIENT_CERTIFICATE,
} from '../testing/servedTls.fixture.ts'
import { createSmppServer } from '../endpoint/smppServer.ts'

describe('over TLS', () => {
  test('a client can bind, and both sessions have the result of the handshake', async () => {
    const { port, bound } = await served()
    const session = await binding(port, { ca: authority.cert })
    expect(session.tls).toMatchObject({ protocol: 'TLSv1.3', isAuthorized: true })
    expect(session.tls?.peerCertificate?.subject).toBe('CN=centre.example')
    const theirs = await bound.next()
    expect(theirs.tls).toMatchObject({ isAuthorized: false, peerCertificate: undefined })
    expect(theirs.remoteAddress).toBe('127.0.0.1')
    await session.unbind()
  })

  test("the server's session has the certificate of the client", async () => {
    const { port, bound } = await served({ tls: WITH_CLIENT_CERTIFICATE })
    const identity = authority.identity('esme1')
    const session = await binding(port, { ca: authority.cert, ...identity })
    const { tls } = await bound.next()
    expect(tls?.isAuthorized).toBe(true)
    expect(tls?.peerCertificate?.subject).toBe('CN=esme1')
    await session.unbind()
  })

  test('PDUs that arrive together with the end of the handshake are not lost', async () => {
    const { port } = await served()
    const socket = connectTls({ port, host: '127.0.0.1', ca: authority.cert })
    const peer = new RawPeer(socket)
    // These PDUs are written before the handshake is complete, so they are sent with its last part.
    peer.send(Buffer.concat([bindPdu(), submitPdu(2), headerOf(ENQUIRE_LINK, 3)]))
    const received = await peer.pdus(3)
    expect(received.map(({ command }) => command)).toEqual([
      'bind_transceiver_resp',
      'submit_sm_resp',
      'enquire_link_resp',
    ])
    peer.close()
  })

  test('requests after a bind that is answered late are kept in order', async () => {
    const server = createSmppServer({
      tls: centre,
      events: {
        ...agreeable,
        onBind: (session, pdu) => setImmediate(() => session.acceptBind(pdu)),
      },
    })
    onTestFinished(() => server.close())
    const { port } = await server.listen(0, '127.0.0.1')
    const peer = new RawPeer(connectTls({ port, host: '127.0.0.1', ca: authority.cert }))
    const count = 2000
    const submits = Array.from({ length: count }, (_, index) => submitPdu(index + 2))
    peer.send(Buffer.concat([bindPdu(), ...submits]))
    const received = await peer.pdus(count + 1)
    const sequences = received.map(({ sequence_number }) => sequence_number)
    expect(sequences).toEqual(Array.from({ length: count + 1 }, (_, index) => index + 1))
    peer.close()
  })

  test('a peer that closes its half of the connection still gets its answers', async () => {
    const { port } = await served()
    const socket = connectTls({ port, host: '127.0.0.1', ca: authority.cert })
    const peer = new RawPeer(socket)
    await once(socket, 'secureConnect')
    socket.end(Buffer.concat([bindPdu(), submitPdu(2), headerOf(ENQUIRE_LINK, 3)]))
    await peer.end()
    expect(peer.received.map(({ sequence_number }) => sequence_number)).toEqual([1, 2, 3])
  })

  test('a session over plain TCP has no TLS result', async () => {
    const server = createSmppServer({ events: agreeable })
    onTestFinished(() => server.close())
    const { port } = await server.listen(0, '127.0.0.1')
    const session = await binding(port, false)
    expect(session.tls).toBeUndefined()
    await session.unbind()
  })
})

describe('a server reports a refused connection for', () => {
  test('a client without the required certificate', async () => {
    const { port, refused } = await served({ tls: WITH_CLIENT_CERTIFICATE })
    const error = await failing(port, { ca: authority.cert })
    expect(error).toMatchObject({ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' })
    expect(String(error)).toContain('use tls.cert and tls.key from a CA that it trusts')
    const older = await failing(port, { ca: authority.cert, maxVersion: 'TLSv1.2' })
    expect(older).toMatchObject({ code: expect.stringContaining('ALERT_HANDSHAKE_FAILURE') })
    // TLS 1.2 has no specific alert for a missing certificate.
    expect(String(older)).toContain('tls.cert and tls.key')
    expect(await refused.next()).toMatchObject({
      kind: 'tls',
      code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
      remoteAddress: '127.0.0.1',
    })
  })

  test.each([
    ['has expired', authority.identity('esme1', { days: -1 }), 'CERT_HAS_EXPIRED'],
    ['is from an unknown CA', stranger.identity('esme1'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ])('a certificate that %s', async (_, identity, code) => {
    const { port, refused, server } = await served({ tls: WITH_CLIENT_CERTIFICATE })
    const error = await failing(port, { ca: authority.cert, ...identity })
    expect(error).toMatchObject({ name: 'SmppConnectError', code: 'CLOSED' })
    expect(await refused.next()).toMatchObject({ kind: 'tls', code, remoteAddress: '127.0.0.1' })
    expect(server.sessions.size).toBe(0)
    expect(String(error)).toContain('may not accept our certificate')
  })

  test('a client without TLS, whose connection it closes', async () => {
    const { port, refused } = await served()
    const peer = await rawClient(port)
    peer.send(bindPdu())
    expect(await refused.next()).toMatchObject({
      kind: 'tls',
      code: 'ERR_SSL_WRONG_VERSION_NUMBER',
      remotePort: peer.socket.localPort,
    })
    await peer.end()
  })

  test('a reset in the middle of the handshake', async () => {
    const { port, refused } = await served()
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(Buffer.from('1603010200', 'hex'), () => socket.resetAndDestroy())
    expect(await refused.next()).toMatchObject({ kind: 'closed' })
  })

  test('half a handshake followed by the end of the connection', async () => {
    const { port, refused } = await served()
    const peer = await rawClient(port)
    peer.socket.end(Buffer.from('1603010200', 'hex'))
    expect(await refused.next()).toMatchObject({ kind: 'closed' })
    await peer.end()
  })

  test('a handshake that arrives too slowly', async () => {
    const { port, refused, server } = await served({ timers: { sessionInitTimeoutMs: 60 } })
    const peer = await rawClient(port)
    const hello = Buffer.from('16030102000100', 'hex')
    let sent = 0
    const trickle = setInterval(() => peer.send(hello.subarray(sent, ++sent)), 10)
    expect(await refused.next()).toMatchObject({ kind: 'timeout' })
    await peer.end()
    clearInterval(trickle)
    expect(server.sessions.size).toBe(0)
  })
})

test('unfinished TLS handshakes count towards maxSessions and end with the server', async () => {
  const { port, refused, server } = await served({ maxSessions: 2 })
  const silent = [await rawClient(port), await rawClient(port)]
  const third = await rawClient(port)
  await third.end()
  expect(await refused.next()).toMatchObject({ kind: 'tooMany', remoteAddress: '127.0.0.1' })
  await server.close()
  for (const peer of silent) await peer.end()
})

test('a probe that connects and sends nothing is not reported as refused', async () => {
  const { port, refused } = await served()
  const probe = await rawClient(port)
  probe.close()
  const other = await rawClient(port)
  other.send(bindPdu())
  await other.end()
  expect(await refused.next()).toMatchObject({ remotePort: other.socket.localPort })
})

describe('server certificates', () => {
  test.each([
    ['of an unknown CA', stranger.identity('centre'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls.ca'],
    ['that expired', authority.identity('c', { days: -1 }), 'CERT_HAS_EXPIRED', 'renew'],
    [
      'for another host',
      authority.identity('c', { hosts: ['smsc.example'] }),
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'tls.servername',
    ],
  ])('a certificate %s is refused by the client with advice', async (_, tls, code, advice) => {
    const { port } = await served({ tls })
    const error = await failing(port, { ca: authority.cert })
    expect(error).toMatchObject({ name: 'SmppConnectError', code })
    expect(String(error)).toContain(advice)
  })

  test('a certificate is checked for the name in tls.servername', async () => {
    const { port } = await served({ tls: authority.identity('c', { hosts: ['smsc.example'] }) })
    const session = await binding(port, { ca: authority.cert, servername: 'smsc.example' })
    await session.unbind()
  })

  test('a certificate can be replaced while sessions stay open', async () => {
    const { port, listener, server, bound } = await served()
    const before = await binding(port, { ca: authority.cert })
    listener.setSecureContext(authority.identity('renewed'))
    const after = await binding(port, { ca: authority.cert })
    expect(after.tls?.peerCertificate?.subject).toBe('CN=renewed')
    server.setSecureContext(authority.identity('again'))
    const last = await binding(port, { ca: authority.cert })
    expect(last.tls?.peerCertificate?.subject).toBe('CN=again')
    expect((await bound.next()).state).toBe('BOUND_TRX')
    expect(before.state).toBe('BOUND_TRX')
  })

  test('an invalid certificate throws immediately', async () => {
    const { listener } = await served()
    expect(() => listener.setSecureContext({ cert: 'no PEM', key: 'no PEM' })).toThrow('PEM')
    const server = createSmppServer({ events: {}, tls: { cert: 'no PEM', key: 'no PEM' } })
    await expect(server.listen(0, '127.0.0.1')).rejects.toThrow('PEM')
  })
})

describe('clients', () => {
  test('a client without TLS is advised to use TLS if the port closes immediately', async () => {
    const { port } = await served()
    const error = await failing(port, false)
    expect(error).toMatchObject({ name: 'SmppConnectError', code: 'CLOSED' })
    expect(String(error)).toContain('may require TLS (tls: true)')
  })

  test('a client with TLS gets an error that says that the peer does not speak TLS', async () => {
    const plain = await rawServer()
    onTestFinished(() => plain.close())
    const failed = failing(plain.port, true)
    const peer = await plain.accept()
    peer.send(headerOf(ENQUIRE_LINK, 1))
    const error = await failed
    expect(error).toMatchObject({ code: 'ERR_SSL_WRONG_VERSION_NUMBER' })
    expect(String(error)).toContain('does not speak TLS')
  })

  test('a client applies connectTimeoutMs to the TLS handshake', async () => {
    const plain = await rawServer()
    onTestFinished(() => plain.close())
    const connecting = connectSmpp({
      host: '127.0.0.1',
      port: plain.port,
      command: 'bind_receiver',
      system_id: '',
      password: '',
      tls: true,
      connectTimeoutMs: 50,
    })
    await expect(connecting).rejects.toMatchObject({ code: 'CONNECT_TIMEOUT' })
  })

  test('a client can be aborted in the middle of a handshake', async () => {
    const plain = await rawServer()
    onTestFinished(() => plain.close())
    const abort = new AbortController()
    const connecting = connectSmpp({
      host: '127.0.0.1',
      port: plain.port,
      command: 'bind_receiver',
      system_id: '',
      password: '',
      tls: true,
      signal: abort.signal,
    })
    const peer = await plain.accept()
    abort.abort()
    await expect(connecting).rejects.toMatchObject({ code: 'ABORTED' })
    await peer.end()
  })

  test("a client gets OpenSSL's error code if its own key is invalid", async () => {
    expect(await failing(1, { cert: 'no PEM', key: 'no PEM' })).toMatchObject({
      name: 'SmppConnectError',
      code: 'ERR_OSSL_PEM_NO_START_LINE',
    })
  })

  test('a client sends the host name as the server name', async () => {
    const names: string[] = []
    const { server } = await served()
    const { port } = await server.listen({
      port: 0,
      host: 'localhost',
      tls: {
        ...authority.identity('c', { hosts: ['localhost'] }),
        SNICallback: (name, done) => {
          names.push(name)
          done(null)
        },
      },
    })
    const session = await connectSmpp({
      host: 'localhost',
      port,
      command: 'bind_receiver',
      system_id: '',
      password: '',
      tls: { ca: authority.cert },
    })
    expect(names).toEqual(['localhost'])
    await session.unbind()
  })
})
