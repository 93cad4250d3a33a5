import { afterEach, describe, expect, test } from 'vitest'
import * as status from './commandStatus.ts'
import { rawClient } from './rawPeer.fixture.ts'
import {
  servePeer,
  type ServedPeer,
  ENQUIRE_LINK,
  UNBIND_RESP,
  TIMERS,
  bindPdu,
  headerOf,
} from './servedPeer.fixture.ts'
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
  test('a connection above maxSessions is closed without a word', async () => {
    const { server, peer } = await serve({}, 0)
    await peer.end()
    expect(peer.received).toEqual([])
    expect(server.sessions.size).toBe(0)
  })

  test('without onBind every bind is refused', async () => {
    const server = createSmppServer({
      events: {},
      timers: TIMERS,
      windowSize: 1,
      maxSessions: 1,
      systemId: '',
    })
    const peer = await rawClient((await server.listen(0, '127.0.0.1')).port)
    peer.send(bindPdu())
    await peer.end()
    expect(peer.received).toMatchObject([{ command_status: status.ESME_RBINDFAIL }])
    await server.close()
  })

  test('rejects with the reason when its port is taken', async () => {
    const { port } = await serve()
    const another = createSmppServer({
      events: {},
      timers: TIMERS,
      windowSize: 1,
      maxSessions: 1,
      systemId: '',
    })
    await expect(another.listen(port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('stopAccepting ends no session', async () => {
    const { server, peer, port, bound } = await serve()
    const session = await bound()
    server.stopAccepting()
    await expect(rawClient(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    peer.send(headerOf(ENQUIRE_LINK, 7))
    await peer.pdus(2)
    expect(session.state).toBe('BOUND_TRX')
  })

  test('close of the server unbinds all', async () => {
    const { server, peer, bound } = await serve()
    await bound()
    const gone = server.close()
    await peer.until((received) => received.some(({ command }) => command === 'unbind'))
    peer.send(headerOf(UNBIND_RESP, peer.received[1]?.sequence_number ?? 0))
    await gone
    expect(server.sessions.size).toBe(0)
  })
})
