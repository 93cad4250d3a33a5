import { expect, test } from 'vitest'
import { newMessageId, upstreamId } from '../message/ids.ts'
import { encodeEvents, JOURNAL_QUEUE } from '../message/journalWire.ts'
import type { EnvelopeMessage } from '../message/messageWire.ts'
import { pack } from '../message/msgpackWire.ts'
import { DLR_QUEUE, encodeReceipts, type UpstreamReceipt } from '../message/receiptWire.ts'
import { MESSAGE_STATE } from '../smpp/receipts/messageState.ts'
import { deadLetterContent, isRedrivable, itemsIn } from './deadLetterContent.ts'
import { encodeEnvelope, submitQueue } from './envelopeWire.ts'

const SUBMIT = submitQueue('north', 'normal')
const ACCEPTED_AT = new Date('2026-12-01T08:00:00.000Z')
const EVENT_AT = new Date('2026-12-01T08:00:01.000Z')
const message: EnvelopeMessage = {
  messageId: newMessageId(),
  account: 'bank',
  user: 'bank-1',
  acceptedAtMs: ACCEPTED_AT.getTime(),
  attempts: 0,
  body: Buffer.from('secret'),
  registeredDelivery: 1,
}
const { account, messageId } = message
const item = { kind: 'message', messageId, account, connector: 'north', at: ACCEPTED_AT }
const receipt: UpstreamReceipt = {
  connector: 'north',
  upstreamId: upstreamId('UP-1'),
  destination: '31612345678',
  messageState: MESSAGE_STATE.DELIVERED,
  error: '000',
  receivedAtMs: EVENT_AT.getTime(),
  message: undefined,
}

function envelopeOf(messages: EnvelopeMessage[]): { envelopeId: string; payload: Buffer } {
  const envelopeId = newMessageId()
  const envelope = { envelopeId, connector: 'north', lane: 'normal' as const, messages }
  return { envelopeId, payload: encodeEnvelope(envelope) }
}

test.each([SUBMIT, JOURNAL_QUEUE])('an envelope of %s is shown with its messages', (queue) => {
  const { envelopeId, payload } = envelopeOf([message, message])
  const content = deadLetterContent({ queue, payload })
  expect(content).toEqual({ kind: 'envelope', envelopeId, items: [item, item] })
  expect(itemsIn(content)).toBe(2)
})

test('events are shown with their kinds, messages and times', () => {
  const payload = encodeEvents([
    { kind: 'expired', message, connector: 'north', atMs: EVENT_AT.getTime() },
  ])
  expect(deadLetterContent({ queue: JOURNAL_QUEUE, payload })).toEqual({
    kind: 'events',
    items: [{ ...item, kind: 'expired', at: EVENT_AT }],
  })
})

test('receipts are shown with the id that the SMSC assigned, and with a known message', () => {
  const payload = encodeReceipts([receipt, { ...receipt, message }])
  const unknown = { kind: 'receipt', connector: 'north', upstreamId: 'UP-1', at: EVENT_AT }
  expect(deadLetterContent({ queue: DLR_QUEUE, payload })).toEqual({
    kind: 'receipts',
    items: [unknown, { ...unknown, messageId, account }],
  })
})

test('malformed fields of a readable payload are omitted or shown only by their type', () => {
  const row = [messageId, null, 7, 1e300, 'x', Buffer.from('secret'), 0]
  const payload = pack(['E', 1, newMessageId(), { odd: 1 }, 'normal', [row]])
  expect(deadLetterContent({ queue: SUBMIT, payload })).toMatchObject({
    kind: 'envelope',
    items: [{ messageId, account: undefined, connector: 'object', at: undefined }],
  })
})

test.each([
  [SUBMIT, Buffer.from('garbage'), 'Error: the octets are not valid msgpack'],
  [SUBMIT, pack(['E', 2]), 'Error: an envelope of version 2; this process reads 1'],
  [DLR_QUEUE, pack(7), 'Error: expected a list, got number'],
  ['test.queue', pack([]), 'Error: the payloads of test.queue have an unknown format'],
])('an unreadable payload of %s is shown with the error', (queue, payload, error) => {
  const content = deadLetterContent({ queue, payload })
  expect(content).toEqual({ kind: 'unreadable', error })
  expect(itemsIn(content)).toBe(1)
})

test('only letters of the queues that components consume can be redriven', () => {
  expect([SUBMIT, JOURNAL_QUEUE, DLR_QUEUE].every(isRedrivable)).toBe(true)
  expect(isRedrivable('test.queue')).toBe(false)
})
