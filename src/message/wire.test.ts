import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newMessageId, upstreamId } from './ids.ts'
import { MESSAGE_STATE } from '../smpp/receipts/messageState.ts'
import { decodeReceipts, encodeReceipts, type UpstreamReceipt } from './receiptWire.ts'
import { decodeEnvelope, encodeEnvelope } from '../queue/envelopeWire.ts'
import { type EnvelopeMessage, messageFrom, messageRow } from './messageWire.ts'
import { encodeEvents, type JournalEvent } from './journalWire.ts'
import { decodeJournal } from '../queue/journalEntryWire.ts'
import { NewerVersion, WireError, pack, unpack } from './msgpackWire.ts'
import {
  ACCEPTED,
  decodeBatch,
  decodeVerdicts,
  encodeBatch,
  encodeVerdicts,
  type Verdict,
} from '../routing/routerCallWire.ts'

function message(text: string): EnvelopeMessage {
  return {
    messageId: newMessageId(),
    account: 'demo',
    user: 'demo-1',
    acceptedAtMs: 1_790_000_000_123,
    attempts: 2,
    body: Buffer.from(text),
    registeredDelivery: 1,
  }
}

test('a batch and its verdicts survive encoding and decoding unchanged', () => {
  const { messageId, account, user, body } = message('a')
  const batch = {
    batchId: newMessageId(),
    submissions: [{ messageId, account, user, receivedAtMs: 1_790_000_000_000, body }],
  }
  expect(decodeBatch(encodeBatch(batch))).toEqual(batch)
  const verdicts: Verdict[] = [
    ACCEPTED,
    { kind: 'refused', commandStatus: 0x0b, reason: 'no route' },
    ACCEPTED,
  ]
  expect(decodeVerdicts(encodeVerdicts(verdicts))).toEqual(verdicts)
})

test('an envelope survives encoding and decoding unchanged', () => {
  const envelope = {
    envelopeId: newMessageId(),
    connector: 'sim',
    lane: 'normal' as const,
    messages: [message('a'), { ...message('b'), expiresAtMs: 1_790_000_003_123 }],
  }
  const octets = encodeEnvelope(envelope)
  expect(decodeEnvelope(octets)).toEqual(envelope)
  expect(decodeJournal(octets)).toEqual({ kind: 'accepted', envelope })
})

test('a message keeps its count of unanswered submissions with and without an expiry', () => {
  const lives = [{}, { expiresAtMs: 5 }, { unanswered: 2 }, { expiresAtMs: 5, unanswered: 2 }]
  for (const life of lives) {
    const one = { ...message('hello'), ...life }
    expect(messageFrom(messageRow(one))).toEqual(one)
  }
})

test('150 typical messages fit into an envelope of 64 KiB', () => {
  const messages = Array.from({ length: 150 }, () => message('x'.repeat(160)))
  const octets = encodeEnvelope({
    envelopeId: newMessageId(),
    connector: 'sim',
    lane: 'normal',
    messages,
  })
  expect(octets.length).toBeLessThan(64 * 1024)
})

test('each kind of journal event survives encoding and decoding unchanged', () => {
  const base = { connector: 'sim', atMs: 1_790_000_000_500 }
  const counts = { throttled: 4, unanswered: 2, linksLost: 1 }
  const repeats = { ...counts, firstAtMs: 1, lastAtMs: 2, commandStatus: 0x58 }
  const events: JournalEvent[] = [
    { ...base, kind: 'submitted', message: message('a'), upstreamId: upstreamId('77'), segment: 0 },
    {
      ...base,
      kind: 'submitted',
      message: message('a'),
      upstreamId: upstreamId('0A'),
      idKey: '10',
      segment: 0,
    },
    { ...base, kind: 'failed', message: message('b'), commandStatus: 0x45, reason: 'refused' },
    { ...base, kind: 'deferred', message: message('c'), commandStatus: 0x58, dueAtMs: 9 },
    { ...base, kind: 'deferred', message: message('c'), commandStatus: 0, dueAtMs: 9, repeats },
    {
      ...base,
      kind: 'submitted',
      message: message('a'),
      upstreamId: upstreamId('77'),
      segment: 0,
      repeats,
    },
    { ...base, kind: 'moved', message: message('a'), from: 'old' },
    { ...base, kind: 'expired', message: { ...message('d'), expiresAtMs: 1_790_000_000_400 } },
  ]
  expect(decodeJournal(encodeEvents(events))).toEqual({ kind: 'events', events })
})

test('repeated submissions are encoded after the fields that older versions read', () => {
  const event = { kind: 'expired', connector: 'sim', atMs: 1, message: message('a') } as const
  const counts = { throttled: 1, unanswered: 0, linksLost: 0 }
  const repeats = { ...counts, firstAtMs: 1, lastAtMs: 2, commandStatus: 0x58 }
  // An entry consists of its tag, its version and its rows.
  const rowOf = (one: JournalEvent) => (unpack(encodeEvents([one])) as [string, number, [[]]])[2][0]
  const ordinary = rowOf(event)
  expect(ordinary).toHaveLength(6)
  expect(rowOf({ ...event, repeats })).toEqual([...ordinary, null, [1, 2, 0x58, 1, 0, 0]])
})

test('receipts survive encoding and decoding with and without their message', () => {
  const receipt: UpstreamReceipt = {
    connector: 'sim',
    upstreamId: upstreamId('0A1B'),
    destination: '31612345678',
    messageState: MESSAGE_STATE.DELIVERED,
    error: '000',
    receivedAtMs: 1_790_000_001_000,
    message: undefined,
  }
  const receipts = [
    receipt,
    { ...receipt, message: message('a') },
    { ...receipt, idKey: '2587', stat: 'TELEPORTED' },
  ]
  expect(decodeReceipts(encodeReceipts(receipts))).toEqual(receipts)
})

test('events and receipts of older workers are read, and known faults are corrected', () => {
  const { messageId, account, user, acceptedAtMs, attempts, body, registeredDelivery } =
    message('a')
  const row = [messageId, account, user, acceptedAtMs, attempts, body, registeredDelivery]
  const receipt = ['sim', '0A1B', '31612345678', MESSAGE_STATE.DELIVERED, '000', 1, row]
  expect(decodeReceipts(pack(['D', 1, [receipt]]))).toMatchObject([{ upstreamId: '0A1B' }])
  const event = [0, row, 'sim', 1, '7'.repeat(5_000), 0]
  expect(decodeJournal(pack(['J', 1, [event]]))).toMatchObject({
    events: [{ upstreamId: '7'.repeat(64) }],
  })
  const [first] = decodeReceipts(pack(['D', 1, [receipt.with(1, '')]]))
  // Older workers attached the wrong message to a receipt without an id.
  expect(first?.message).toBeUndefined()
})

test('octets of a newer version throw NewerVersion, and invalid octets throw WireError', () => {
  const read = [
    ['E', decodeEnvelope],
    ['E', decodeJournal],
    ['J', decodeJournal],
    ['D', decodeReceipts],
  ] as const
  for (const [tag, decode] of read) {
    expect(() => decode(pack([tag, 99, 'id', 'sim', 'normal', []]))).toThrow(NewerVersion)
    expect(() => decode(pack([tag, 0, 'id', 'sim', 'normal', []]))).toThrow(WireError)
    expect(() => decode(pack([tag, '99', 'id', 'sim', 'normal', []]))).toThrow(WireError)
    expect(() => decode(pack(['X', 99, 'id', 'sim', 'normal', []]))).toThrow(WireError)
  }
})

test('router calls of another version are rejected with WireError', () => {
  expect(() => decodeBatch(pack([99, 'id', []]))).toThrow(WireError)
  expect(() => decodeVerdicts(pack([99, []]))).toThrow(WireError)
})

test.each([
  ['an envelope', 'E', decodeEnvelope],
  ['a journal entry', 'J', decodeJournal],
  ['receipts', 'D', decodeReceipts],
])('arbitrary octets are either decoded as %s or rejected with WireError', (_, tag, decode) => {
  const rows = fc.array(fc.oneof(fc.anything(), fc.array(fc.anything(), { maxLength: 8 })))
  const octets = fc.oneof(
    fc.uint8Array(),
    fc.anything().map((value) => pack(value)),
    rows.map((list) => pack([tag, 1, list])),
    rows.map((list) => pack(['E', 1, newMessageId(), 'sim', 'normal', list])),
  )
  const refusalOf = (input: Uint8Array) => {
    try {
      return void decode(input)
    } catch (error) {
      return error
    }
  }
  fc.assert(
    fc.property(octets, (input) => {
      const refusal = refusalOf(input)
      if (refusal !== undefined) expect(refusal).toBeInstanceOf(WireError)
    }),
  )
})

test('an envelope with an invalid id, lane or message, or without messages, is rejected', () => {
  const row: readonly unknown[] = [newMessageId(), 'bank', 'bank', 1, 0, Buffer.from('body'), 1]
  const envelopes = [
    ['no uuid', 'sim', 'normal', [row]],
    [newMessageId(), 'sim', 'nowhere', [row]],
    [newMessageId(), 'sim', 'normal', []],
    [newMessageId(), 'sim', 'normal', [row.with(5, null)]],
    [newMessageId(), 'sim', 'normal', [row.with(0, 7)]],
  ]
  for (const fields of envelopes)
    expect(() => decodeEnvelope(pack(['E', 1, ...fields]))).toThrow(WireError)
})

test('a version number that cannot be converted to text is rejected with WireError', () => {
  const octets = (tag: string) => pack([tag, { toString: 'no function' }, []])
  expect(() => decodeEnvelope(octets('E'))).toThrow(WireError)
  expect(() => decodeJournal(octets('J'))).toThrow(WireError)
  expect(() => decodeReceipts(octets('D'))).toThrow(WireError)
})
