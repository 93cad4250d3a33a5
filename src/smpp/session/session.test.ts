import { afterEach, describe, expect, test } from 'vitest'
import { encodeBody } from '../wire/codec.ts'
import * as status from '../wire/commandStatus.ts'
import {
  servePeer,
  type ServedPeer,
  DELIVER_SM_RESP,
  ENQUIRE_LINK,
  GENERIC_NACK,
  SUBMIT_SM_RESP,
  Inbox,
  bindPdu,
  headerOf,
  submitPdu,
  tlvsOf,
} from '../testing/servedPeer.fixture.ts'
import type { RequestOutcome } from './sessionTypes.ts'
import { readTlv, tlv } from '../wire/tlv.ts'

let served: ServedPeer

async function serve(...options: Parameters<typeof servePeer>): Promise<ServedPeer> {
  served = await servePeer(...options)
  return served
}

afterEach(() => served.stop())

describe('a session of a server', () => {
  test('handles no PDU that follows a bind request until the bind is answered', async () => {
    const { peer, binds, requests } = await serve()
    peer.send(Buffer.concat([bindPdu(), submitPdu(2, 'one'), submitPdu(3, 'two')]))
    const { session, pdu } = await binds.next()
    peer.send(submitPdu(4, 'three'))
    await new Promise(setImmediate)
    expect(requests.all).toEqual([])
    session.acceptBind(pdu, 'MC')
    const texts = [await requests.next(), await requests.next(), await requests.next()].map(
      (request) => request.pdu.short_message.toString(),
    )
    expect(texts).toEqual(['one', 'two', 'three'])
    expect(session).toMatchObject({ state: 'BOUND_TRX', unansweredByUs: 3 })
  })

  test('shows the fields of its bind request', async () => {
    const { bound } = await serve()
    const session = await bound({ command: 'bind_receiver', system_type: 'VMA' })
    expect(session.bind).toEqual({
      command: 'bind_receiver',
      system_id: 'esme1',
      system_type: 'VMA',
      interface_version: 0x34,
      address_range: '',
    })
    expect(session.canSend('deliver_sm')).toBe(true)
    expect(session.canSend('submit_sm')).toBe(false)
    expect(session.remoteAddress).toBe('127.0.0.1')
  })

  test('closes after it has refused a bind', async () => {
    const { peer, binds, requests, closed } = await serve()
    peer.send(Buffer.concat([bindPdu(), submitPdu(2)]))
    const { session, pdu } = await binds.next()
    session.refuseBind(pdu, status.ESME_RINVPASWD)
    await peer.end()
    expect(peer.received).toMatchObject([
      { command: 'bind_transceiver_resp', command_status: status.ESME_RINVPASWD },
    ])
    expect(await closed.next()).toBe('bind refused: ESME_RINVPASWD')
    expect(requests.all).toEqual([])
  })

  test('passes the undecoded body of a request to its handler', async () => {
    const { peer, requests, bound } = await serve()
    await bound()
    peer.send(submitPdu(2))
    const { pdu, body } = await requests.next()
    expect(body).toEqual(submitPdu(2).subarray(16))
    expect(pdu.short_message.toString()).toBe('hello')
  })

  test('answers requests in any order, with a full response or a header-only refusal', async () => {
    const { peer, requests, bound } = await serve()
    const session = await bound()
    peer.send(Buffer.concat([submitPdu(2), submitPdu(3)]))
    const [one, two] = [await requests.next(), await requests.next()]
    session.respond(two.pdu, status.ESME_ROK, { message_id: 'second' })
    session.respond(one.pdu, status.ESME_RTHROTTLED)
    const received = await peer.pdus(3)
    expect(received.slice(1)).toMatchObject([
      { sequence_number: 3, command_status: 0, message_id: 'second' },
      { sequence_number: 2, command_status: status.ESME_RTHROTTLED },
    ])
    expect(session.unansweredByUs).toBe(0)
  })

  test('can send a reason for a refusal in a TLV', async () => {
    const { peer, requests, bound } = await serve()
    const session = await bound()
    peer.send(submitPdu(2))
    const { pdu } = await requests.next()
    const tlvs = [tlv('additional_status_info_text', 'no route')]
    session.respond(pdu, status.ESME_RSUBMITFAIL, { tlvs })
    const [, answer] = await peer.pdus(2)
    expect(readTlv(tlvsOf(answer), 'additional_status_info_text')).toBe('no route')
  })

  test('sends no more requests than fit in its window until an answer arrives', async () => {
    const { peer, bound } = await serve()
    const session = await bound()
    const outcomes = new Inbox<RequestOutcome>()
    const send = () => session.request('deliver_sm', { source_addr: '1' }, outcomes.push)
    expect([send(), send(), send()]).toEqual([1, 2, undefined])
    expect(session).toMatchObject({ unanswered: 2, windowFree: 0 })
    peer.send(headerOf(DELIVER_SM_RESP, 1))
    expect(await outcomes.next()).toMatchObject({ kind: 'response', pdu: { sequence_number: 1 } })
    expect(send()).toBe(3)
  })

  test('accepts a generic_nack as the answer to the request with its sequence_number', async () => {
    const { peer, bound } = await serve()
    const session = await bound()
    const outcomes = new Inbox<RequestOutcome>()
    session.requestBody('deliver_sm', encodeBody('deliver_sm', {}), outcomes.push)
    peer.send(headerOf(GENERIC_NACK, 1, status.ESME_RINVCMDID))
    expect(await outcomes.next()).toMatchObject({
      kind: 'response',
      pdu: { command: 'generic_nack', command_status: status.ESME_RINVCMDID },
    })
  })

  test('ignores a response that does not match the command of the request', async () => {
    const { peer, bound } = await serve()
    const session = await bound()
    session.request('deliver_sm', {}, () => undefined)
    peer.send(Buffer.concat([headerOf(SUBMIT_SM_RESP, 1), headerOf(ENQUIRE_LINK, 9)]))
    await peer.pdus(3)
    expect(session.unanswered).toBe(1)
  })

  test('reports a late answer to a timed-out request once', async () => {
    const { peer, bound } = await serve({ responseTimeoutMs: 20 })
    const session = await bound()
    const outcomes = new Inbox<RequestOutcome>()
    session.request('deliver_sm', {}, outcomes.push)
    expect(await outcomes.next()).toEqual({ kind: 'timeout' })
    expect(session).toMatchObject({ unanswered: 0, windowFree: 2 })
    peer.send(Buffer.concat([headerOf(DELIVER_SM_RESP, 1), headerOf(DELIVER_SM_RESP, 1)]))
    expect(await outcomes.next()).toMatchObject({ kind: 'late', pdu: { sequence_number: 1 } })
    peer.send(headerOf(ENQUIRE_LINK, 9))
    await peer.until((received) => received.some(({ sequence_number }) => sequence_number === 9))
    expect(outcomes.all).toHaveLength(2)
  })

  test('if the connection is lost, closes all pending requests, then calls onClosed', async () => {
    const { peer, closed, bound } = await serve()
    const session = await bound()
    const order: string[] = []
    session.request('deliver_sm', {}, ({ kind }) => order.push(kind))
    session.request('deliver_sm', {}, ({ kind }) => order.push(kind))
    peer.socket.resetAndDestroy()
    order.push(await closed.next())
    expect(order).toEqual(['closed', 'closed', expect.stringContaining('ECONNRESET')])
    expect(session.request('deliver_sm', {}, () => undefined)).toBeUndefined()
  })

  test('answers enquire_link even if its window is full and requests are unanswered', async () => {
    const { peer, bound } = await serve()
    const session = await bound()
    session.request('deliver_sm', {}, () => undefined)
    session.request('deliver_sm', {}, () => undefined)
    peer.send(Buffer.concat([submitPdu(2), headerOf(ENQUIRE_LINK, 7)]))
    const received = await peer.pdus(4)
    expect(received[3]).toMatchObject({ command: 'enquire_link_resp', sequence_number: 7 })
  })

  test('sends enquire_link to a silent peer and closes if there is no answer', async () => {
    const { peer, closed, bound } = await serve({
      enquireLinkIntervalMs: 20,
      responseTimeoutMs: 20,
    })
    await bound()
    expect(await closed.next()).toBe('enquire_link was not answered')
    expect(peer.received.map(({ command }) => command)).toEqual([
      'bind_transceiver_resp',
      'enquire_link',
    ])
  })

  test('stays open if the peer answers enquire_link with any command_status', async () => {
    const { peer, bound } = await serve({ enquireLinkIntervalMs: 10, responseTimeoutMs: 10 })
    const session = await bound()
    for (let count = 2; count < 6; count++) {
      const asked = (await peer.pdus(count))[count - 1]
      peer.send(headerOf(0x80000015, asked?.sequence_number ?? 0, status.ESME_RINVBNDSTS))
    }
    expect(session.state).toBe('BOUND_TRX')
  })

  test('loses no answer if the peer reads late', async () => {
    const { peer, requests, bound } = await serve()
    const session = await bound()
    peer.socket.pause()
    const total = 30_000
    peer.send(Buffer.concat(Array.from({ length: total }, (_, index) => submitPdu(index + 2))))
    for (let answered = 0; answered < total; answered++) {
      const { pdu } = await requests.next()
      session.respond(pdu, status.ESME_ROK, { message_id: 'x'.repeat(64) })
      if (answered === 1000) peer.socket.resume()
    }
    const received = await peer.pdus(total + 1)
    expect(received.at(-1)).toMatchObject({ sequence_number: total + 1 })
  })
})
