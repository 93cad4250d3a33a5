import { describe, expect, onTestFinished, test } from 'vitest'
import { agreeable } from '../testing/agreeable.fixture.ts'
import type { RefusedConnection } from '../transport/arrival.ts'
import { bindSession, type BindRequest } from './bindSession.ts'
import { TestAuthority } from '../testing/certificates.fixture.ts'
import * as status from '../wire/commandStatus.ts'
import { INTERFACE_VERSION } from '../wire/interfaceVersion.ts'
import { listenForOutbind, type ListenForOutbindOptions } from './listenForOutbind.ts'
import type { Pdu } from '../wire/pduTable.ts'
import { PDUS } from '../wire/pduTable.ts'
import { rawClient, rawServer } from '../testing/rawPeer.fixture.ts'
import {
  bindPdu,
  ENQUIRE_LINK,
  GENERIC_NACK,
  headerOf,
  Inbox,
} from '../testing/servedPeer.fixture.ts'
import type { Session } from '../session/session.ts'
import { createSmppServer, type SmppServer, type SmppServerOptions } from './smppServer.ts'

const BIND: BindRequest = { command: 'bind_receiver', system_id: 'esme1', password: 'secret' }
const WHO = { system_id: 'SMSC01', password: 'outpw' } as const
const OUTBIND = Buffer.from('0000001d0000000b000000000000002b534d53433031006f7574707700', 'hex')
const BIND_RESP = '00000014800000010000000000000001' + '4d433100'

interface Asked {
  readonly session: Session
  readonly pdu: Pdu<'outbind'>
}

async function waiting(options: Partial<ListenForOutbindOptions> = {}) {
  const asked = new Inbox<Asked>()
  const closed = new Inbox<string>()
  const refused = new Inbox<RefusedConnection>()
  const listener = await listenForOutbind({
    port: 0,
    host: '127.0.0.1',
    ...options,
    events: {
      ...agreeable,
      onOutbind: (session, pdu) => asked.push({ session, pdu }),
      onClosed: (_, reason) => closed.push(reason),
      onRefusedConnection: refused.push,
    },
  })
  onTestFinished(() => listener.close())
  return { listener, port: listener.port, asked, closed, refused }
}

function centre(options: Partial<SmppServerOptions> = {}): SmppServer {
  const server = createSmppServer({ events: agreeable, ...options })
  onTestFinished(() => server.close())
  return server
}

describe('outbind', () => {
  test('makes an ESME bind and receive its messages on the same connection', async () => {
    const { asked, port, listener } = await waiting()
    const states: string[] = []
    const server = centre({
      events: {
        onBind(session, pdu) {
          states.push(session.state)
          session.acceptBind(pdu)
        },
      },
    })
    const bound = server.outbind({ host: '127.0.0.1', port, ...WHO })
    const { session: theirs, pdu } = await asked.next()
    expect(pdu).toMatchObject(WHO)
    expect(theirs.state).toBe('OUTBOUND')
    const esme = await bindSession(theirs, BIND)
    const session = await bound
    expect([esme.state, session.state, states]).toEqual(['BOUND_RX', 'BOUND_RX', ['OUTBOUND']])
    expect([listener.sessions.has(esme), server.sessions.has(session)]).toEqual([true, true])
    const outcome = await new Promise((resolve) => {
      session.request('deliver_sm', { source_addr: '4477' }, resolve)
    })
    expect(outcome).toMatchObject({ kind: 'response', pdu: { command: 'deliver_sm_resp' } })
    await server.close()
  })

  test('works over TLS', async () => {
    const authority = new TestAuthority('Test CA')
    const { asked, port } = await waiting({ tls: authority.identity('esme') })
    const tls = { ca: authority.cert }
    const bound = centre().outbind({ host: '127.0.0.1', port, ...WHO, tls })
    const { session } = await asked.next()
    await bindSession(session, BIND)
    expect((await bound).tls?.peerCertificate?.subject).toBe('CN=esme')
  })

  test('is the first PDU sent, and carries the given system_id and password', async () => {
    const esme = await rawServer()
    onTestFinished(() => esme.close())
    const bound = centre().outbind({ host: '127.0.0.1', port: esme.port, ...WHO })
    const peer = await esme.accept()
    expect((await peer.pdus(1))[0]).toMatchObject({ command: 'outbind', command_status: 0, ...WHO })
    peer.send(Buffer.concat([headerOf(ENQUIRE_LINK, 1), bindPdu({ sequence_number: 2 })]))
    const received = await peer.pdus(3)
    expect(received.slice(1).map(({ command }) => command)).toEqual([
      'enquire_link_resp',
      'bind_transceiver_resp',
    ])
    expect((await bound).state).toBe('BOUND_TRX')
    peer.close()
  })
})

describe('outbind rejects and leaves no session if', () => {
  async function failing(
    options: Partial<SmppServerOptions>,
    act: (peer: Awaited<ReturnType<typeof accepted>>) => void = () => undefined,
  ) {
    const server = centre(options)
    const esme = await rawServer()
    onTestFinished(() => esme.close())
    const bound = server.outbind({ host: '127.0.0.1', port: esme.port, ...WHO })
    const failed = bound.catch((error: unknown) => error)
    act(await accepted(esme))
    const error = await failed
    await expect.poll(() => server.sessions.size).toBe(0)
    return error
  }

  async function accepted(esme: Awaited<ReturnType<typeof rawServer>>) {
    const peer = await esme.accept()
    await peer.pdus(1)
    return peer
  }

  test('no bind request arrives in time', async () => {
    expect(await failing({ timers: { sessionInitTimeoutMs: 30 } })).toMatchObject({
      name: 'SmppConnectError',
      code: 'CLOSED',
      message: expect.stringContaining('no bind request arrived in time'),
    })
  })

  test('the ESME closes the connection', async () => {
    const error = await failing({}, (peer) => peer.close())
    expect(error).toMatchObject({ name: 'SmppConnectError', code: 'CLOSED' })
  })

  test('onBind refuses the bind', async () => {
    const onBind = (session: Session, pdu: Parameters<Session['refuseBind']>[0]) =>
      session.refuseBind(pdu, status.ESME_RINVPASWD)
    const error = await failing({ events: { onBind } }, (peer) => peer.send(bindPdu()))
    expect(String(error)).toContain('ESME_RINVPASWD')
  })

  test('the caller aborts it, before the call or while it waits for the bind', async () => {
    const server = centre()
    const esme = await rawServer()
    onTestFinished(() => esme.close())
    const at = { host: '127.0.0.1', port: esme.port, ...WHO }
    const early = server.outbind({ ...at, signal: AbortSignal.abort() })
    await expect(early).rejects.toMatchObject({ code: 'ABORTED' })
    const abort = new AbortController()
    const late = server.outbind({ ...at, signal: abort.signal }).catch((error: unknown) => error)
    const peer = await accepted(esme)
    abort.abort()
    expect(await late).toMatchObject({ code: 'ABORTED' })
    await peer.end()
  })

  test('the server closes', async () => {
    const server = centre()
    const esme = await rawServer()
    onTestFinished(() => esme.close())
    const at = { host: '127.0.0.1', port: esme.port, ...WHO }
    const bound = server.outbind(at).catch((error: unknown) => error)
    await accepted(esme)
    await server.close()
    expect(await bound).toMatchObject({ code: 'ABORTED' })
    await expect(server.outbind(at)).rejects.toMatchObject({ code: 'ABORTED' })
  })

  test('the port of the ESME is closed', async () => {
    const esme = await rawServer()
    await esme.close()
    const bound = centre().outbind({ host: '127.0.0.1', port: esme.port, ...WHO })
    await expect(bound).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('the server already has maxSessions sessions', async () => {
    const server = centre({ maxSessions: 1 })
    const { port } = await server.listen(0, '127.0.0.1')
    await rawClient(port)
    await expect.poll(() => server.sessions.size).toBe(1)
    const bound = server.outbind({ host: '127.0.0.1', port: 1, ...WHO })
    await expect(bound).rejects.toMatchObject({ code: 'TOO_MANY_SESSIONS' })
  })

  test('the server uses version 3.3, or the password is too long', async () => {
    const esme = await rawServer()
    onTestFinished(() => esme.close())
    const at = { host: '127.0.0.1', port: esme.port, ...WHO }
    const old = centre({ interfaceVersion: INTERFACE_VERSION.V3_3 }).outbind(at)
    await expect(old).rejects.toThrow('outbind requires version 3.4')
    const long = centre().outbind({ ...at, password: 'x'.repeat(65) })
    await expect(long).rejects.toThrow('password')
  })
})

describe('an ESME that waits for outbinds', () => {
  test('gets the reason if its bind is refused', async () => {
    const { asked, port, closed } = await waiting()
    const peer = await rawClient(port)
    peer.send(OUTBIND)
    const binding = bindSession((await asked.next()).session, BIND)
    await peer.pdus(1)
    peer.send('0000001080000001' + '0000000e' + '00000001')
    await expect(binding).rejects.toMatchObject({
      name: 'BindRefusedError',
      commandStatus: status.ESME_RINVPASWD,
    })
    expect(await closed.next()).toContain('ESME_RINVPASWD')
    await peer.end()
  })

  test('closes a connection if the outbind or its own bind does not follow in time', async () => {
    const { closed, port } = await waiting({ timers: { sessionInitTimeoutMs: 40 } })
    const silent = await rawClient(port)
    const unanswered = await rawClient(port)
    unanswered.send(OUTBIND)
    await silent.end()
    await unanswered.end()
    const reason = 'outbind and bind did not follow in time'
    expect([await closed.next(), await closed.next()]).toEqual([reason, reason])
  })

  test('does not time out a session that is bound or waits for bind_resp', async () => {
    const { asked, port } = await waiting({ timers: { sessionInitTimeoutMs: 30 } })
    const slow = await rawClient(port)
    slow.send(OUTBIND)
    const binding = bindSession((await asked.next()).session, BIND)
    await slow.pdus(1)
    // The timer of `slow` started before the timer of `silent`. Once the listener has closed
    // `silent`, both timers have therefore expired.
    const silent = await rawClient(port)
    await silent.end()
    slow.send(BIND_RESP)
    const session = await binding
    await (await rawClient(port)).end()
    expect(session.state).toBe('BOUND_RX')
    slow.close()
  })

  test('can abort a bind that waits for bind_resp', async () => {
    const { asked, port } = await waiting()
    const peer = await rawClient(port)
    peer.send(OUTBIND)
    const abort = new AbortController()
    const { session } = await asked.next()
    const binding = bindSession(session, { ...BIND, signal: abort.signal })
    await peer.pdus(1)
    abort.abort()
    await expect(binding).rejects.toMatchObject({ code: 'ABORTED' })
    await peer.end()
  })

  test('refuses a second outbind, and refuses a message before the bind', async () => {
    const { asked, port } = await waiting()
    const peer = await rawClient(port)
    peer.send(Buffer.concat([OUTBIND, OUTBIND, headerOf(PDUS.deliver_sm.command_id, 7)]))
    const received = await peer.pdus(2)
    const { ESME_RINVBNDSTS } = status
    expect(received).toMatchObject([
      { command: 'generic_nack', command_status: ESME_RINVBNDSTS, sequence_number: 0x2b },
      { command: 'deliver_sm_resp', command_status: ESME_RINVBNDSTS, sequence_number: 7 },
    ])
    expect(asked.all.length).toBe(1)
    expect(PDUS.generic_nack.command_id).toBe(GENERIC_NACK)
    peer.close()
  })

  test('closes an unbound session without unbind', async () => {
    const { asked, port, listener } = await waiting()
    const peer = await rawClient(port)
    peer.send(OUTBIND)
    await asked.next()
    await Promise.all([listener.close(), peer.end()])
    expect(peer.received).toEqual([])
  })

  test('limits its connections to maxSessions and closes when its signal is aborted', async () => {
    const abort = new AbortController()
    const { port, refused, listener } = await waiting({ maxSessions: 1, signal: abort.signal })
    const first = await rawClient(port)
    const second = await rawClient(port)
    await second.end()
    expect(await refused.next()).toMatchObject({ kind: 'tooMany' })
    abort.abort()
    await first.end()
    await expect.poll(() => listener.sessions.size).toBe(0)
    await expect(rawClient(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
