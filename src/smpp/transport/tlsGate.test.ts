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
  test('a client binds, and each side knows what the handshake said', async () => {
    const { port, bound } = await served()
    const session = await binding(port, { ca: authority.cert })
    expect(session.tls).toMatchObject({ protocol: 'TLSv1.3', isAuthorized: true })
    expect(session.tls?.peerCertificate?.subject).toBe('CN=centre.example')
    const theirs = await bound.next()
    expect(theirs.tls).toMatchObject({ isAuthorized: false, peerCertificate: undefined })
    expect(theirs.remoteAddress).toBe('127.0.0.1')
    await session.unbind()
  })

  test('a client with a certificate is known by it', async () => {
    const { port, bound } = await served({ tls: WITH_CLIENT_CERTIFICATE })
    const identity = authority.identity('esme1')
    const session = await binding(port, { ca: authority.cert, ...identity })
    const { tls } = await bound.next()
    expect(tls?.isAuthorized).toBe(true)
    expect(tls?.peerCertificate?.subject).toBe('CN=esme1')
    await session.unbind()
  })

  test('what comes with the end of the handshake is not lost', async () => {
    const { port } = await served()
    const socket = connectTls({ port, host: '127.0.0.1', ca: authority.cert })
    const peer = new RawPeer(socket)
    // Written before the handshake, so it leaves with its last flight.
    peer.send(Buffer.concat([bindPdu(), submitPdu(2), headerOf(ENQUIRE_LINK, 3)]))
    const received = await peer.pdus(3)
    expect(received.map(({ command }) => command)).toEqual([
      'bind_transceiver_resp',
      'submit_sm_resp',
      'enquire_link_resp',
    ])
    peer.close()
  })

  test('nothing overtakes a bind that takes its time, and nothing stays behind', async () => {
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

  test('who ends its side gets the answers that are there', async () => {
    const { port } = await served()
    const socket = connectTls({ port, host: '127.0.0.1', ca: authority.cert })
    const peer = new RawPeer(socket)
    await once(socket, 'secureConnect')
    socket.end(Buffer.concat([bindPdu(), submitPdu(2), headerOf(ENQUIRE_LINK, 3)]))
    await peer.end()
    expect(peer.received.map(({ sequence_number }) => sequence_number)).toEqual([1, 2, 3])
  })

  test('plain TCP has none of it', async () => {
    const server = createSmppServer({ events: agreeable })
    onTestFinished(() => server.close())
    const { port } = await server.listen(0, '127.0.0.1')
    const session = await binding(port, false)
    expect(session.tls).toBeUndefined()
    await session.unbind()
  })
})

describe('a server tells why a connection became no session:', () => {
  test('no certificate, where one is asked for', async () => {
    const { port, refused } = await served({ tls: WITH_CLIENT_CERTIFICATE })
    const error = await failing(port, { ca: authority.cert })
    expect(error).toMatchObject({ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' })
    expect(String(error)).toContain('set tls.cert and tls.key to one of a CA it trusts')
    const older = await failing(port, { ca: authority.cert, maxVersion: 'TLSv1.2' })
    expect(older).toMatchObject({ code: expect.stringContaining('ALERT_HANDSHAKE_FAILURE') })
    // TLS 1.2 has no alert of its own for it.
    expect(String(older)).toContain('tls.cert and tls.key')
    expect(await refused.next()).toMatchObject({
      kind: 'tls',
      code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
      remoteAddress: '127.0.0.1',
    })
  })

  test.each([
    ['has expired', authority.identity('esme1', { days: -1 }), 'CERT_HAS_EXPIRED'],
    ['is of a stranger', stranger.identity('esme1'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ])('a certificate that %s', async (_, identity, code) => {
    const { port, refused, server } = await served({ tls: WITH_CLIENT_CERTIFICATE })
    const error = await failing(port, { ca: authority.cert, ...identity })
    expect(error).toMatchObject({ name: 'SmppConnectError', code: 'CLOSED' })
    expect(await refused.next()).toMatchObject({ kind: 'tls', code, remoteAddress: '127.0.0.1' })
    expect(server.sessions.size).toBe(0)
    expect(String(error)).toContain('may not accept our certificate')
  })

  test('a client without TLS, which gets the end', async () => {
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

  test('half a handshake and the end of the connection', async () => {
    const { port, refused } = await served()
    const peer = await rawClient(port)
    peer.socket.end(Buffer.from('1603010200', 'hex'))
    expect(await refused.next()).toMatchObject({ kind: 'closed' })
    await peer.end()
  })

  test('a handshake that never ends, however slowly it goes on', async () => {
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

test('handshakes count as sessions, and end with the server', async () => {
  const { port, refused, server } = await served({ maxSessions: 2 })
  const silent = [await rawClient(port), await rawClient(port)]
  const third = await rawClient(port)
  await third.end()
  expect(await refused.next()).toMatchObject({ kind: 'tooMany', remoteAddress: '127.0.0.1' })
  await server.close()
  for (const peer of silent) await peer.end()
})

test('a probe that connects and says nothing is no refusal', async () => {
  const { port, refused } = await served()
  const probe = await rawClient(port)
  probe.close()
  const other = await rawClient(port)
  other.send(bindPdu())
  await other.end()
  expect(await refused.next()).toMatchObject({ remotePort: other.socket.localPort })
})

describe('a certificate of the server', () => {
  test.each([
    ['of an unknown CA', stranger.identity('centre'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls.ca'],
    ['that expired', authority.identity('c', { days: -1 }), 'CERT_HAS_EXPIRED', 'renew'],
    [
      'for another host',
      authority.identity('c', { hosts: ['smsc.example'] }),
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'tls.servername',
    ],
  ])('%s is refused with what to do', async (_, tls, code, advice) => {
    const { port } = await served({ tls })
    const error = await failing(port, { ca: authority.cert })
    expect(error).toMatchObject({ name: 'SmppConnectError', code })
    expect(String(error)).toContain(advice)
  })

  test('is checked for the name that is told', async () => {
    const { port } = await served({ tls: authority.identity('c', { hosts: ['smsc.example'] }) })
    const session = await binding(port, { ca: authority.cert, servername: 'smsc.example' })
    await session.unbind()
  })

  test('can change while sessions go on', async () => {
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

  test('that is none is refused at once', async () => {
    const { listener } = await served()
    expect(() => listener.setSecureContext({ cert: 'no PEM', key: 'no PEM' })).toThrow('PEM')
    const server = createSmppServer({ events: {}, tls: { cert: 'no PEM', key: 'no PEM' } })
    await expect(server.listen(0, '127.0.0.1')).rejects.toThrow('PEM')
  })
})

describe('a client', () => {
  test('without TLS says that a port that closed at once may want it', async () => {
    const { port } = await served()
    const error = await failing(port, false)
    expect(error).toMatchObject({ name: 'SmppConnectError', code: 'CLOSED' })
    expect(String(error)).toContain('It may want TLS (tls: true)')
  })

  test('says that the peer does not speak TLS', async () => {
    const plain = await rawServer()
    onTestFinished(() => plain.close())
    const failed = failing(plain.port, true)
    const peer = await plain.accept()
    peer.send(headerOf(ENQUIRE_LINK, 1))
    const error = await failed
    expect(error).toMatchObject({ code: 'ERR_SSL_WRONG_VERSION_NUMBER' })
    expect(String(error)).toContain('does not speak TLS')
  })

  test('waits no longer for a handshake than for a connection', async () => {
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

  test('gives up in the middle of a handshake', async () => {
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

  test('says that its own key is none', async () => {
    expect(await failing(1, { cert: 'no PEM', key: 'no PEM' })).toMatchObject({
      name: 'SmppConnectError',
      code: 'ERR_OSSL_PEM_NO_START_LINE',
    })
  })

  test('asks for a host by its name', async () => {
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
