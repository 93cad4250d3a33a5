import { expect, test, vi } from 'vitest'
import type { JournalEvent } from '../../message/journalWire.ts'
import {
  decodeBody,
  encodeBody,
  ESME_RINVMSGLEN,
  ESME_ROK,
  INTERFACE_VERSION,
  messageText,
  readTlv,
  readUserData,
  tlv,
} from '../../smpp/index.ts'
import type { InterfaceVersion, Pdu, ShortMessageBody } from '../../smpp/index.ts'
import { entryOf, envelopeOf, memoryQueues, startWork } from './connectorWork.fixture.ts'
import { startSmsc } from './smsc.fixture.ts'
import { upstreamSubmitSm } from './upstreamSubmitSm.ts'

const { V3_3, V3_4, V5_0 } = INTERFACE_VERSION
const UDHI = 0x40

function submitSmWith(fields: Partial<ShortMessageBody>): ShortMessageBody {
  return decodeBody('submit_sm', encodeBody('submit_sm', fields))
}

function sarTlvs(reference: number) {
  return [
    tlv('sar_msg_ref_num', reference),
    tlv('sar_total_segments', 3),
    tlv('sar_segment_seqnum', 2),
  ]
}

const OCTETS_255 = Buffer.alloc(255, 'x')
const PORT = tlv('source_port', 5)

test.each([
  ['a short text', V3_3, { short_message: Buffer.from('hello') }],
  ['254 octets', V3_3, { short_message: OCTETS_255.subarray(1) }],
  ['TLVs', V3_4, { short_message: Buffer.from('hello'), tlvs: [PORT] }],
  ['a message_payload', V3_4, { tlvs: [tlv('message_payload', OCTETS_255)] }],
  ['SAR TLVs', V3_4, { tlvs: sarTlvs(7) }],
  ['255 octets', V5_0, { short_message: OCTETS_255 }],
])('%s is sent unchanged to an SMSC with interface_version %s', (_, version, fields) => {
  const submitSm = submitSmWith(fields)
  expect(upstreamSubmitSm(submitSm, version)).toBe(submitSm)
})

test('255 octets are sent to an SMSC of version 3.4 as a message_payload', () => {
  const empty = tlv('message_payload', Buffer.alloc(0))
  const submitSm = submitSmWith({ short_message: OCTETS_255, tlvs: [empty, PORT] })
  const sent = upstreamSubmitSm(submitSm, V3_4)
  expect(sent.short_message).toHaveLength(0)
  expect(sent.tlvs).toEqual([PORT, tlv('message_payload', OCTETS_255)])
})

test('a message_payload that fits is sent to an SMSC of version 3.3 as a short_message', () => {
  const text = tlv('message_payload', Buffer.from('hello'))
  const sent = upstreamSubmitSm(submitSmWith({ tlvs: [text, PORT] }), V3_3)
  expect(sent.short_message.toString()).toBe('hello')
  expect(sent.tlvs).toEqual([])
})

test('all TLVs except the text and its segmentation are dropped for version 3.3', () => {
  const short_message = Buffer.from('hello')
  // SAR TLVs without a total number of segments are ignored (SMPP 3.4 §5.3.2.22).
  const submitSm = submitSmWith({ short_message, tlvs: [PORT, tlv('sar_msg_ref_num', 7)] })
  expect(upstreamSubmitSm(submitSm, V3_3)).toEqual({ ...submitSm, tlvs: [] })
})

test.each([
  [7, 'udh8'],
  [0x1234, 'udh16'],
])('SAR TLVs with reference %i become a %s header for version 3.3', (reference, by) => {
  const submitSm = submitSmWith({ short_message: Buffer.from('hello'), tlvs: sarTlvs(reference) })
  const sent = upstreamSubmitSm(submitSm, V3_3)
  expect(sent.esm_class & UDHI).toBe(UDHI)
  expect(sent.tlvs).toEqual([])
  expect(readUserData(sent).concatenation).toEqual({ by, reference, total: 3, sequence: 2 })
  expect(messageText(sent)).toBe('hello')
})

test('an existing user data header is kept when SAR TLVs become header elements', () => {
  const port = Buffer.from('060504000a000b', 'hex')
  const submitSm = submitSmWith({
    esm_class: UDHI,
    tlvs: [...sarTlvs(7), tlv('message_payload', Buffer.concat([port, Buffer.from('hello')]))],
  })
  const sent = upstreamSubmitSm(submitSm, V3_3)
  const { concatenation, elements } = readUserData(sent)
  expect(elements.map(({ id }) => id)).toEqual([0, 5])
  expect(concatenation).toMatchObject({ reference: 7, total: 3, sequence: 2 })
  expect(messageText(sent)).toBe('hello')
})

test.each([
  ['255 octets', V3_3, { short_message: OCTETS_255 }],
  ['a long message_payload', V3_3, { tlvs: [tlv('message_payload', OCTETS_255)] }],
  [
    'a part without room for its header',
    V3_3,
    { short_message: OCTETS_255.subarray(6), tlvs: sarTlvs(7) },
  ],
  [
    'two texts',
    V3_3,
    { short_message: Buffer.from('a'), tlvs: [tlv('message_payload', Buffer.from('b'))] },
  ],
  [
    'two texts, one of 255 octets',
    V3_4,
    { short_message: OCTETS_255, tlvs: [tlv('message_payload', Buffer.from('b'))] },
  ],
])('%s causes an error because no form of it fits interface_version %s', (_, version, fields) => {
  expect(() => upstreamSubmitSm(submitSmWith(fields), version)).toThrow(
    expect.objectContaining({
      code: 'SMPP_PDU',
      commandStatus: ESME_RINVMSGLEN,
      message: expect.stringMatching(/octets, but the SMSC speaks|also holds a text/),
    }),
  )
})

test('a segment with 248 octets of text has room for its header', () => {
  const short_message = OCTETS_255.subarray(7)
  const submitSm = submitSmWith({ short_message, tlvs: sarTlvs(7) })
  expect(upstreamSubmitSm(submitSm, V3_3).short_message).toHaveLength(254)
})

/**
 * Submits messages with these fields, each between two ordinary messages, to an SMSC of this
 * version.
 */
async function submittedAmongOthers(
  version: InterfaceVersion,
  odd: readonly Partial<ShortMessageBody>[],
) {
  const taken: Pdu<'submit_sm'>[] = []
  const { port } = await startSmsc((session, pdu) => {
    taken.push(pdu)
    session.respond(pdu, ESME_ROK, { message_id: String(taken.length) })
  }, version)
  const envelope = envelopeOf(2 * odd.length + 1)
  for (const [index, fields] of odd.entries()) {
    const message = envelope.messages[2 * index + 1]
    const body = { ...fields, destination_addr: `3161234${1001 + 2 * index}` }
    if (message) message.body = encodeBody('submit_sm', body)
  }
  const { queue, settled } = memoryQueues([entryOf(envelope)])
  const outcomes: JournalEvent[] = []
  const { work } = startWork(port, { queue, tps: 1000, outcomes })
  await expect.poll(() => settled, { timeout: 5000 }).toEqual([['1', 'done']])
  return { taken, counters: work.figures.outcomes, outcomes }
}

test('the worker submits each message in a form that fits the version of its SMSC', async () => {
  const payload = tlv('message_payload', Buffer.from('hello'))
  const odd = [{ short_message: OCTETS_255 }, { tlvs: [payload] }, { tlvs: sarTlvs(7) }]
  const old = await submittedAmongOthers(V3_3, odd)
  expect(old.taken.map(({ tlvs }) => tlvs).flat()).toEqual([])
  expect(old.taken.map(({ short_message }) => short_message.length)).toEqual([0, 0, 5, 0, 6, 0])
  expect(old.counters).toMatchObject({ submitted: 6, failed: 1 })

  const present = await submittedAmongOthers(V3_4, odd)
  expect(present.taken).toHaveLength(7)
  expect(readTlv(present.taken[1]?.tlvs ?? [], 'message_payload')).toEqual(OCTETS_255)
  expect(present.counters).toMatchObject({ submitted: 7, failed: 0 })
})

test('a message that fits in no form fails alone, and the other messages are sent', async () => {
  const { counters, outcomes, taken } = await submittedAmongOthers(V3_3, [
    { tlvs: [tlv('message_payload', OCTETS_255)] },
    { short_message: OCTETS_255 },
  ])
  const destinations = taken.map(({ destination_addr }) => destination_addr)
  expect(destinations).toEqual(['31612341000', '31612341002', '31612341004'])
  expect(counters).toMatchObject({ submitted: 3, failed: 2 })
  const failed = outcomes.filter(({ kind }) => kind === 'failed')
  const reason = expect.stringContaining('255 octets, but the SMSC speaks SMPP 3.3')
  expect(failed).toMatchObject(failed.map(() => ({ commandStatus: ESME_RINVMSGLEN, reason })))
  expect(failed).toHaveLength(2)
})

test('an exception in the processing of an answer fails only the answered message', async () => {
  const { port } = await startSmsc((session, pdu) =>
    session.respond(pdu, ESME_ROK, { message_id: pdu.destination_addr }),
  )
  const { queue, settled } = memoryQueues([entryOf(envelopeOf(3))])
  const { recent, work } = startWork(port, { queue, tps: 1000 })
  const { remember } = recent
  vi.spyOn(recent, 'remember').mockImplementation(function (this: typeof recent, ...given) {
    if (given[1] === '31612341001') throw new TypeError('a defect')
    remember.apply(recent, given)
  })
  await expect.poll(() => settled, { timeout: 5000 }).toEqual([['1', 'done']])
  expect(work.figures.outcomes).toMatchObject({ failed: 1 })
})
