import { expect, test } from 'vitest'
import { newMessageId } from '../message/ids.ts'
import { pack } from '../message/msgpackWire.ts'
import { type EnvelopeMessage, messageRow } from '../message/messageWire.ts'
import { decodeEnvelope, encodeEnvelope, ENVELOPE_MAX_OCTETS, submitQueue } from './envelopeWire.ts'
import { joinEnvelopes } from './joinEnvelopes.ts'
import type { Publication } from './queue.ts'

function message(octets = 100): EnvelopeMessage {
  return {
    messageId: newMessageId(),
    account: 'acme',
    user: 'acme-1',
    acceptedAtMs: 1_000,
    attempts: 2,
    body: Buffer.alloc(octets),
    registeredDelivery: 1,
    expiresAtMs: 2_000,
    unanswered: 1,
  }
}

function alone(one: EnvelopeMessage, connector = 'north'): Publication {
  const envelope = { envelopeId: newMessageId(), connector, lane: 'bulk' as const, messages: [one] }
  return { queue: submitQueue(connector, 'bulk'), payload: encodeEnvelope(envelope), messages: 1 }
}

const FAST = () => 10_000

test('messages of the same queue are joined into one envelope in their original order', () => {
  const north = Array.from({ length: 100 }, () => message())
  const south = message()
  const publications = [...north.map((one) => alone(one)), alone(south, 'south')]
  const joined = joinEnvelopes(publications, FAST)
  expect(joined.map(({ queue, messages }) => ({ queue, messages }))).toEqual([
    { queue: 'submit.north.bulk', messages: 100 },
    { queue: 'submit.south.bulk', messages: 1 },
  ])
  const [first, second] = joined.map(({ payload }) => decodeEnvelope(payload))
  expect(first?.messages).toEqual(north)
  expect(second?.messages).toEqual([south])
})

test('a joined envelope is at most 48 KiB and holds at most two seconds of messages', () => {
  const large = Array.from({ length: 100 }, () => alone(message(5_000)))
  const joined = joinEnvelopes(large, FAST)
  expect(joined.length).toBeLessThanOrEqual(13)
  for (const { payload } of joined) expect(payload.length).toBeLessThanOrEqual(ENVELOPE_MAX_OCTETS)
  const slow = Array.from({ length: 100 }, () => alone(message()))
  expect(joinEnvelopes(slow, () => 5).map(({ messages }) => messages)).toEqual(
    Array.from({ length: 10 }, () => 10),
  )
})

test('message fields of a newer version are kept when envelopes are joined', () => {
  const rows = [1, 2].map((field) => [newMessageId(), 'a', 'u', 1, 0, Buffer.of(1), 1, 2, 0, field])
  const publications = rows.map((row) => ({
    queue: 'submit.north.bulk',
    payload: pack(['E', 1, newMessageId(), 'north', 'bulk', [row]]),
    messages: 1,
  }))
  const [joined, ...more] = joinEnvelopes(publications, FAST)
  expect(more).toEqual([])
  expect(joined?.payload.includes(pack(rows))).toBe(true)
})

test.each([
  ['of a newer version', pack(['E', 2, newMessageId(), 'north', 'bulk', []])],
  [
    'with an additional field',
    pack(['E', 1, newMessageId(), 'north', 'bulk', [messageRow(message())], 'more']),
  ],
  ['of invalid octets', Buffer.from('x')],
  ['of another queue', alone(message(), 'south').payload],
])('a payload %s is left unchanged', (_, payload) => {
  const odd = { queue: 'submit.north.bulk', payload, messages: 1 }
  const joined = joinEnvelopes([alone(message()), odd, alone(message())], FAST)
  expect(joined.map(({ messages }) => messages)).toEqual([2, 1])
  expect(joined[1]).toBe(odd)
})
