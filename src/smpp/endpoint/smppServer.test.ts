import { afterEach, describe, expect, test } from 'vitest'
import { agreeable } from '../testing/agreeable.fixture.ts'
import * as status from '../wire/commandStatus.ts'
import { connectSmpp } from './connectSmpp.ts'
import { listenForOutbind } from './listenForOutbind.ts'
import { V1_LINE } from '../testing/proxyHeader.fixture.ts'
import { rawClient } from '../testing/rawPeer.fixture.ts'
import {
  servePeer,
  type ServedPeer,
  ENQUIRE_LINK,
  UNBIND_RESP,
  bindPdu,
  headerOf,
  submitPdu,
} from '../testing/servedPeer.fixture.ts'
import { DEFAULT_WINDOW_SIZE } from '../session/sessionDefaults.ts'
import { createSmppServer } from './smppServer.ts'

let served: ServedPeer | undefined

async function serve(...options: Parameters<typeof servePeer>): Promise<ServedPeer> {
  return (served = await servePeer(...options))
}

afterEach(async () => {
  await served?.stop()
  served = undefined
})

describe('a server', () => {
  test('closes a connection beyond maxSessions without sending a PDU', async () => {
    const { server, port, bound } = await serve({}, 1)
    await bound()
    const peer = await rawClient(port)
    await peer.end()
    expect(peer.received).toEqual([])
    expect(server.sessions.size).toBe(1)
  })

  test('refuses every bind if it has no onBind handler', async () => {
    const server = createSmppServer({ events: {} })
    const peer = await rawClient((await server.listen(0, '127.0.0.1')).port)
    peer.send(bindPdu())
    await peer.end()
    expect(peer.received).toMatchObject([{ command_status: status.ESME_RBINDFAIL }])
    await server.close()
  })

  test('rejects with EADDRINUSE if its port is in use', async () => {
    const { port } = await serve()
    const another = createSmppServer({ events: {} })
    await expect(another.listen(port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('keeps its sessions after stopAccepting', async () => {
    const { server, peer, port, bound } = await serve()
    const session = await bound()
    server.stopAccepting()
    await expect(rawClient(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    peer.send(headerOf(ENQUIRE_LINK, 7))
    await peer.pdus(2)
    expect(session.state).toBe('BOUND_TRX')
  })

  test('unbinds all sessions on close', async () => {
    const { server, peer, bound } = await serve()
    await bound()
    const gone = server.close()
    await peer.until((received) => received.some(({ command }) => command === 'unbind'))
    peer.send(headerOf(UNBIND_RESP, peer.received[1]?.sequence_number ?? 0))
    await gone
    expect(server.sessions.size).toBe(0)
  })

  test('counts a connection towards maxSessions until the peer has also closed it', async () => {
    const { server, peer, port, binds } = await serve({}, 1)
    peer.socket.allowHalfOpen = true
    peer.send(bindPdu())
    const { session, pdu } = await binds.next()
    session.refuseBind(pdu, status.ESME_RBINDFAIL)
    await peer.end()
    expect(server.sessions.size).toBe(0)
    const another = await rawClient(port)
    await another.end()
    expect(another.received).toEqual([])
    const gone = server.close()
    peer.close()
    await gone
  })

  test('does not wait for answers if the signal passed to close() is aborted', async () => {
    const { server, peer, bound, closed } = await serve()
    await bound()
    await server.close({ signal: AbortSignal.abort() })
    expect(await closed.next()).toBe('the server was closed')
    expect(peer.received.map(({ command }) => command)).not.toContain('unbind_resp')
  })

  test('can still answer a bind after acceptBind threw because of a long systemId', async () => {
    const { peer, binds } = await serve()
    peer.send(bindPdu())
    const { session, pdu } = await binds.next()
    expect(() => session.acceptBind(pdu, 'signalbox-production')).toThrow('system_id')
    expect(session.state).toBe('OPEN')
    session.acceptBind(pdu, 'signalbox')
    await peer.pdus(1)
    expect(peer.received).toMatchObject([{ command_status: 0, system_id: 'signalbox' }])
  })

  test('names onBind in the close reason if onBind does not answer', async () => {
    const { peer, closed } = await serve({ responseTimeoutMs: 30 })
    peer.send(bindPdu())
    expect(await closed.next()).toBe('onBind did not answer within the response timer')
  })

  test('keeps half a PDU without a time limit if pduTimeoutMs is 0', async () => {
    const { peer, bound, requests } = await serve({ pduTimeoutMs: 0, enquireLinkIntervalMs: 20 })
    const session = await bound()
    const submit = submitPdu(2)
    peer.send(submit.subarray(0, 10))
    // The enquire_link shows that the server has checked its timers since the half PDU was sent.
    await peer.until((received) => received.some(({ command }) => command === 'enquire_link'))
    expect(session.state).toBe('BOUND_TRX')
    peer.send(submit.subarray(10))
    expect((await requests.next()).pdu.sequence_number).toBe(2)
  })

  test('requires only events, and a client requires only an address and credentials', async () => {
    await using server = createSmppServer({ events: agreeable })
    const { port } = await server.listen(0)
    const who = { command: 'bind_transceiver', system_id: 'esme1', password: 'secret' } as const
    const session = await connectSmpp({ host: '127.0.0.1', port, ...who })
    expect(session.windowFree).toBe(DEFAULT_WINDOW_SIZE)
    const [theirs] = server.sessions
    expect(theirs).toMatchObject({ state: 'BOUND_TRX' })
    await session.unbind()
  })

  test('is closed at the end of an `await using` block', async () => {
    let port = 0
    {
      await using server = createSmppServer({ events: agreeable })
      ;({ port } = await server.listen(0, '127.0.0.1'))
    }
    await expect(rawClient(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('can have several ports, each of which can be stopped alone', async () => {
    await using server = createSmppServer({ events: agreeable })
    const one = await server.listen({ port: 0, host: '127.0.0.1' })
    const other = await server.listen({ port: 0, host: '127.0.0.1', proxyProtocol: true })
    const peers = [await rawClient(one.port), await rawClient(other.port)]
    peers[0]?.send(bindPdu())
    peers[1]?.send(Buffer.concat([V1_LINE, bindPdu()]))
    for (const peer of peers) await peer.pdus(1)
    const addresses = [...server.sessions].map(({ remoteAddress }) => remoteAddress)
    expect(addresses.toSorted()).toEqual(['127.0.0.1', '203.0.113.7'])
    one.stop()
    await expect(rawClient(one.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    const late = await rawClient(other.port)
    for (const peer of [...peers, late]) peer.close()
  })

  test('closes when its signal is aborted, and cannot listen again', async () => {
    const abort = new AbortController()
    const server = createSmppServer({ events: agreeable })
    const { signal } = abort
    const { port } = await server.listen(0, '127.0.0.1', { signal })
    const peer = await rawClient(port)
    abort.abort()
    await peer.end()
    await expect(rawClient(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await expect(server.listen(0, '127.0.0.1')).rejects.toThrow('create another one')
    const another = createSmppServer({ events: agreeable })
    await expect(another.listen(0, '127.0.0.1', { signal })).rejects.toBe(signal.reason)
  })

  test('does not listen if its signal is aborted while the port is opening', async () => {
    const abort = new AbortController()
    const server = createSmppServer({ events: agreeable })
    const { signal } = abort
    const listening = server.listen(0, '127.0.0.1', { signal })
    abort.abort()
    await expect(listening).rejects.toBe(signal.reason)
    await expect(server.listen(0, '127.0.0.1')).rejects.toThrow('create another one')
    const events = { ...agreeable, onOutbind: () => undefined }
    const late = new AbortController()
    const waiting = listenForOutbind({ port: 0, host: '127.0.0.1', events, signal: late.signal })
    late.abort()
    await expect(waiting).rejects.toBe(late.signal.reason)
  })

  test('does not listen if it is closed while the port is opening', async () => {
    const server = createSmppServer({ events: agreeable })
    const listening = server.listen(0, '127.0.0.1')
    await Promise.all([server.close(), expect(listening).rejects.toThrow('create another one')])
  })
})
