import { afterEach, expect, test } from 'vitest'
import { encodeBody } from '../wire/codec.ts'
import {
  ESME_RINVDSTADR,
  ESME_RINVMSGLEN,
  ESME_ROK,
  ESME_RTLVNOTALLWD,
} from '../wire/commandStatus.ts'
import { INTERFACE_VERSION } from '../wire/interfaceVersion.ts'
import { PduError } from '../wire/pduError.ts'
import { Inbox } from '../testing/servedPeer.fixture.ts'
import { sessionPair, type SessionPair } from '../testing/sessionPair.fixture.ts'
import { readTlv, tlv } from '../wire/tlv.ts'

let pair: SessionPair

async function start(...options: Parameters<typeof sessionPair>): Promise<SessionPair> {
  pair = await sessionPair(...options)
  return pair
}

afterEach(() => pair.stop())

/**
 * Sends `count` submit_sm without waiting for answers. Returns them as the centre received them.
 */
async function submitted(count: number) {
  for (let n = 0; n < count; n++) pair.esme.request('submit_sm', {}, () => undefined)
  const got = []
  for (let n = 0; n < count; n++) got.push(await pair.submits.next())
  return got
}

test('congestion_state is sent in every response that has a body with TLVs', async () => {
  const told = new Inbox<number>()
  const { centre, esme, submits } = await start({
    events: { onCongestion: (_, state) => told.push(state) },
  })
  centre.congestionState = 85
  const sending = esme.send('submit_sm', {})
  const { session, pdu } = await submits.next()
  session.respond(pdu, ESME_ROK, { message_id: 'one' })
  const response = await sending
  expect(response.message_id).toBe('one')
  expect(readTlv(response.tlvs, 'congestion_state')).toBe(85)
  expect(await told.next()).toBe(85)
  expect(esme.peerCongestion).toBe(85)
  const refused = esme.send('submit_sm', {})
  const second = await submits.next()
  session.respond(second.pdu, ESME_RINVDSTADR)
  expect((await refused).tlvs).toEqual([])
  centre.congestionState = undefined
  const third = esme.send('submit_sm', {})
  session.respond((await submits.next()).pdu, ESME_ROK)
  expect((await third).tlvs).toEqual([])
  expect(told.all).toEqual([85])
  expect(() => (centre.congestionState = 1000)).toThrow(PduError)
})

test('congestion_state is not sent to a peer of version 3.4', async () => {
  const { centre, esme, submits } = await start({ interface_version: INTERFACE_VERSION.V3_4 })
  centre.congestionState = 100
  const sending = esme.send('submit_sm', {})
  const { session, pdu } = await submits.next()
  session.respond(pdu, ESME_ROK)
  expect((await sending).tlvs).toEqual([])
})

test('a window that follows congestion_state shrinks and grows back to its full size', async () => {
  const { centre, esme, submits } = await start({ windowSize: 8, followCongestion: true })
  async function answerAll(congestionState: number): Promise<number> {
    centre.congestionState = congestionState
    const sending = Array.from({ length: 8 }, () => esme.send('submit_sm', {}))
    for (let count = 0; count < 8; count++) {
      const { session, pdu } = await submits.next()
      session.respond(pdu, ESME_ROK)
    }
    await Promise.all(sending)
    return esme.windowFree
  }
  expect(esme.windowFree).toBe(8)
  expect(await answerAll(100)).toBe(4)
  // Four answers halve the window of 4, and two more halve the window of 2. Then 1 is the minimum.
  expect(await answerAll(100)).toBe(1)
  let size = 1
  while (size < 8) {
    const next = await answerAll(10)
    expect(next).toBeGreaterThan(size)
    size = next
  }
  expect(await answerAll(10)).toBe(8)
})

test('onWindowFree is called when a window that was full has room', async () => {
  const free = new Inbox<number>()
  const { esme, submits } = await start({
    events: { onWindowFree: (session) => free.push(session.windowFree) },
  })
  const [first, second] = await submitted(2)
  expect(esme.request('submit_sm', {}, () => undefined)).toBeUndefined()
  first?.session.respond(first.pdu, ESME_ROK)
  expect(await free.next()).toBe(1)
  second?.session.respond(second.pdu, ESME_ROK)
  const third = esme.send('submit_sm', {})
  const last = await submits.next()
  last.session.respond(last.pdu, ESME_ROK)
  await third
  expect(free.all).toEqual([1])
})

test('at the limit of unanswered requests, reading stops until half are answered', async () => {
  const { esme, centre, submits } = await start(
    { windowSize: 10 },
    { limits: { unansweredByUs: 4 } },
  )
  for (let count = 0; count < 10; count++) esme.request('submit_sm', {}, () => undefined)
  const got = [await submits.next(), await submits.next(), await submits.next()]
  got.push(await submits.next())
  await new Promise(setImmediate)
  expect([centre.unansweredByUs, submits.all.length]).toEqual([4, 4])
  for (const { session, pdu } of got) session.respond(pdu, ESME_ROK)
  for (let count = 4; count < 10; count++) {
    const { session, pdu } = await submits.next()
    expect(centre.unansweredByUs).toBeLessThanOrEqual(4)
    session.respond(pdu, ESME_ROK)
  }
  expect(submits.all.map(({ pdu }) => pdu.sequence_number)).toEqual(
    Array.from({ length: 10 }, (_, index) => index + 2),
  )
})

test('pauseReading makes the peer wait until resumeReading', async () => {
  const { esme, centre, submits } = await start()
  centre.pauseReading()
  const sending = esme.send('submit_sm', {})
  // The centre can still send but does not read the answer.
  const refused = centre.send('deliver_sm', {}, { signal: AbortSignal.timeout(50) })
  await expect(refused).rejects.toMatchObject({ code: 'ABORTED' })
  expect(submits.all).toEqual([])
  centre.resumeReading()
  const { session, pdu } = await submits.next()
  session.respond(pdu, ESME_ROK)
  expect((await sending).command_status).toBe(ESME_ROK)
})

test('a session that is closed while paused still detects the end of the connection', async () => {
  const { esme, centre } = await start()
  centre.pauseReading()
  centre.close('enough')
  centre.pauseReading()
  await esme.unbind()
  await centre.unbind()
  expect([esme.state, centre.state]).toEqual(['CLOSED', 'CLOSED'])
})

test('onPduSent, onPduReceived and onAnswered are called for each PDU', async () => {
  const seen: string[] = []
  const note = (what: string, command_id: number, status: number, octets: number) =>
    seen.push(`${what} ${command_id.toString(16)} ${status} ${octets}`)
  const answered: string[] = []
  const { esme, submits } = await start({
    events: {
      onPduSent: (_, ...pdu) => note('sent', ...pdu),
      onPduReceived: (_, ...pdu) => note('received', ...pdu),
      onAnswered: (_, response_id, elapsedMs) =>
        answered.push(`${response_id.toString(16)} ${elapsedMs >= 0}`),
    },
  })
  const sending = esme.send('submit_sm', {})
  const { session, pdu } = await submits.next()
  session.respond(pdu, ESME_RINVDSTADR)
  await sending
  expect(seen).toEqual([
    'sent 9 0 34',
    'received 80000009 0 24',
    'sent 4 0 33',
    'received 80000004 11 16',
  ])
  expect(answered).toEqual(['80000009 true', '80000004 true'])
})

test('a peer of version 3.3 gets no TLVs, and TLVs that carry text are refused', async () => {
  const { esme, submits } = await start({
    command: 'bind_transmitter',
    interface_version: INTERFACE_VERSION.V3_3,
  })
  const tlvs = [tlv('message_payload', Buffer.from('a long text'))]
  await expect(esme.send('submit_sm', { tlvs })).rejects.toMatchObject({
    commandStatus: ESME_RTLVNOTALLWD,
    field: 'message_payload',
  })
  const body = encodeBody('submit_sm', { tlvs: [tlv('sar_msg_ref_num', 1)] })
  expect(() => esme.requestBody('submit_sm', body, () => undefined)).toThrow(PduError)
  // A TLV that does not carry text is left out, and the message is sent.
  const sending = esme.send('submit_sm', { tlvs: [tlv('user_message_reference', 7)] })
  const { session, pdu } = await submits.next()
  expect(pdu.tlvs).toEqual([])
  session.respond(pdu, ESME_ROK)
  await sending
})

test('a request stays unanswered if its response cannot be encoded', async () => {
  const { esme, centre, submits } = await start()
  const sending = esme.send('submit_sm', {})
  const { session, pdu } = await submits.next()
  const message_id = 'x'.repeat(100)
  expect(() => session.respond(pdu, ESME_ROK, { message_id })).toThrow(PduError)
  expect(centre.unansweredByUs).toBe(1)
  session.respond(pdu, ESME_ROK)
  expect(centre.unansweredByUs).toBe(0)
  await sending
})

test('reading stops at the limit for the octets of unanswered requests', async () => {
  const limits = { unansweredOctets: 100_000 }
  const { esme, centre, submits } = await start({ windowSize: 20 }, { limits })
  const tlvs = [tlv('message_payload', Buffer.alloc(40_000))]
  const sending = Array.from({ length: 10 }, () => esme.send('submit_sm', { tlvs }))
  for (let count = 0; count < 10; count++) {
    const { session, pdu } = await submits.next()
    await new Promise(setImmediate)
    expect(centre.unansweredByUs).toBeLessThan(6)
    session.respond(pdu, ESME_ROK)
  }
  await Promise.all(sending)
})

test('the close reason says that the peer stopped reading', async () => {
  const closed = new Inbox<string>()
  const { esme, centre } = await start({
    windowSize: 1000,
    limits: { unsentOctetsPause: 100_000, unsentOctetsMax: 1_000_000 },
    events: { onClosed: (_, reason) => closed.push(reason) },
  })
  centre.pauseReading()
  const tlvs = [tlv('message_payload', Buffer.alloc(60_000))]
  const outcomes = new Inbox<string>()
  for (let count = 0; count < 500; count++)
    esme.request('submit_sm', { tlvs }, ({ kind }) => outcomes.push(kind))
  expect(await closed.next()).toMatch(/^the peer stopped reading: \d+ octets are unsent$/)
  expect(outcomes.all).toHaveLength(500)
  expect(new Set(outcomes.all)).toEqual(new Set(['closed']))
})

test('below version 5.0, a short_message may have at most 254 octets', async () => {
  const { esme, submits } = await start({ interface_version: INTERFACE_VERSION.V3_4 })
  const longest = { short_message: Buffer.alloc(254) }
  await expect(esme.send('submit_sm', { short_message: Buffer.alloc(255) })).rejects.toMatchObject({
    commandStatus: ESME_RINVMSGLEN,
  })
  const sending = esme.send('submit_sm', longest)
  const { session, pdu } = await submits.next()
  session.respond(pdu, ESME_ROK)
  expect((await sending).command_status).toBe(ESME_ROK)
})
