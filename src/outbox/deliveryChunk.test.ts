import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newMessageId } from '../message/ids.ts'
import { inPieces, packDeliveries, unpackDeliveries, UnreadableChunk } from './deliveryChunk.ts'

const deliveries = fc
  .array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 })
  .map((bodies) =>
    bodies.map((body) => ({ messageId: newMessageId(), deliverSm: Buffer.from(body) })),
  )

test('packed deliveries are unpacked unchanged', () => {
  fc.assert(
    fc.property(deliveries, (some) => {
      expect(unpackDeliveries(packDeliveries(some))).toEqual(some)
    }),
  )
})

test('truncated octets and octets of another version are rejected with UnreadableChunk', () => {
  const payload = packDeliveries([{ messageId: newMessageId(), deliverSm: Buffer.alloc(9) }])
  for (let length = 2; length < payload.length; length++)
    expect(() => unpackDeliveries(payload.subarray(0, length))).toThrow(UnreadableChunk)
  payload[0] = 2
  expect(() => unpackDeliveries(payload)).toThrow('version 2, not 1')
})

test('inPieces limits the number of deliveries and octets in each piece', () => {
  const some = (count: number, octets: number) =>
    Array.from({ length: count }, () => ({
      messageId: newMessageId(),
      deliverSm: Buffer.alloc(octets),
    }))
  const lengths = (pieces: ReturnType<typeof inPieces>) => pieces.map((piece) => piece.length)
  expect(lengths(inPieces(some(501, 1)))).toEqual([250, 250, 1])
  expect(lengths(inPieces(some(5, 60_000)))).toEqual([2, 2, 1])
  expect(lengths(inPieces(some(2, 300_000)))).toEqual([1, 1])
  expect(lengths(inPieces(some(5, 1), 2))).toEqual([2, 2, 1])
  expect(inPieces([])).toEqual([])
})
