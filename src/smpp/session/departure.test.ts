import { afterEach, describe, expect, test } from 'vitest'
import * as status from '../wire/commandStatus.ts'
import {
  servePeer,
  type ServedPeer,
  DELIVER_SM_RESP,
  ENQUIRE_LINK,
  UNBIND,
  UNBIND_RESP,
  Inbox,
  headerOf,
  submitPdu,
} from '../testing/servedPeer.fixture.ts'
import type { RequestOutcome } from './sessionTypes.ts'

let served: ServedPeer

async function serve(...options: Parameters<typeof servePeer>): Promise<ServedPeer> {
  served = await servePeer(...options)
  return served
}

afterEach(() => served.stop())

describe('ending a session', () => {
  test('unbind closes a session that was never bound', async () => {
    const { server, peer, closed } = await serve()
    await peer.until(() => server.sessions.size === 1)
    await Promise.all([...server.sessions].map((session) => session.unbind()))
    expect(closed.all).toEqual(['closed before any bind'])
  })

  test('if both sides send unbind at the same time, both receive unbind_resp', async () => {
    const { peer, bound, closed } = await serve()
    const session = await bound()
    const gone = session.unbind()
    const [, unbind] = await peer.pdus(2)
    peer.send(headerOf(UNBIND, 77))
    expect((await peer.pdus(3))[2]).toMatchObject({
      command: 'unbind_resp',
      command_status: 0,
      sequence_number: 77,
    })
    peer.send(headerOf(UNBIND_RESP, unbind?.sequence_number ?? 0))
    await gone
    expect(closed.all).toEqual(['unbound by us'])
  })

  test('a peer that sends enquire_link but no messages is unbound after the timeout', async () => {
    const { peer, closed, bound } = await serve({ inactivityTimeoutMs: 40 })
    await bound()
    const asking = setInterval(() => !peer.isEnded && peer.send(headerOf(ENQUIRE_LINK, 7)), 10)
    await peer.until((received) => received.some(({ command }) => command === 'unbind'))
    clearInterval(asking)
    const unbind = peer.received.find(({ command }) => command === 'unbind')
    peer.send(headerOf(UNBIND_RESP, unbind?.sequence_number ?? 0))
    expect(await closed.next()).toBe('unbound by us')
  })

  test('unbind waits until both sides have answered all outstanding requests', async () => {
    const { peer, requests, closed, bound } = await serve()
    const session = await bound()
    const outcomes = new Inbox<RequestOutcome>()
    session.request('deliver_sm', {}, outcomes.push)
    peer.send(submitPdu(2))
    const { pdu } = await requests.next()
    const gone = session.unbind()
    expect(session).toMatchObject({ windowFree: 0, state: 'BOUND_TRX' })
    expect(session.request('deliver_sm', {}, () => undefined)).toBeUndefined()
    peer.send(headerOf(DELIVER_SM_RESP, 1))
    expect(await outcomes.next()).toMatchObject({ kind: 'response' })
    session.respond(pdu, status.ESME_ROK, { message_id: 'm' })
    const received = await peer.pdus(4)
    expect(received.slice(2).map(({ command }) => command)).toEqual(['submit_sm_resp', 'unbind'])
    peer.send(
      Buffer.concat([submitPdu(3), headerOf(UNBIND_RESP, received[3]?.sequence_number ?? 0)]),
    )
    await gone
    expect(peer.received[4]).toMatchObject({ command_status: status.ESME_RTHROTTLED })
    expect(closed.all).toEqual(['unbound by us'])
  })

  test('the response timer limits how long unbind waits for answers and unbind_resp', async () => {
    const { peer, requests, closed, bound } = await serve({ responseTimeoutMs: 20 })
    const session = await bound()
    peer.send(submitPdu(2))
    await requests.next()
    const gone = session.unbind()
    await peer.until((received) => received.some(({ command }) => command === 'unbind'))
    await gone
    expect(closed.all).toEqual(['unbind was not answered'])
  })

  test('an unbind from the peer ends the session after earlier requests are answered', async () => {
    const { peer, requests, closed, bound } = await serve()
    const session = await bound()
    peer.send(Buffer.concat([submitPdu(2), headerOf(UNBIND, 3), submitPdu(4)]))
    const { pdu } = await requests.next()
    const refused = (await peer.pdus(2))[1]
    expect(refused).toMatchObject({ sequence_number: 4, command_status: status.ESME_RINVBNDSTS })
    session.respond(pdu, status.ESME_ROK, { message_id: 'm' })
    await peer.end()
    expect(peer.received.slice(2)).toMatchObject([
      { command: 'submit_sm_resp', command_status: 0, sequence_number: 2 },
      { command: 'unbind_resp', command_status: 0, sequence_number: 3 },
    ])
    expect(await closed.next()).toBe('unbound by the peer')
  })
})
