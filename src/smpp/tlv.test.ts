import { describe, expect, test } from 'vitest'
import { readRepeatedTlv, readTlv, tlv, tlvName } from './tlv.ts'
import { TLVS } from './tlvTable.ts'

test('each tag is there once, and has its name', () => {
  const tags = Object.values(TLVS).map(({ tag }) => tag)
  expect(new Set(tags).size).toBe(tags.length)
  for (const [name, { tag }] of Object.entries(TLVS)) expect(tlvName(tag)).toBe(name)
  expect(tlvName(0x1401)).toBeUndefined()
})

describe('a value comes back as it went', () => {
  test('integers of one, two and four octets', () => {
    const tlvs = [
      tlv('message_state', 255),
      tlv('user_message_reference', 0xffff),
      tlv('qos_time_to_live', 0xffffffff),
    ]
    expect(tlvs.map(({ octets }) => octets.length)).toEqual([1, 2, 4])
    expect(readTlv(tlvs, 'message_state')).toBe(255)
    expect(readTlv(tlvs, 'user_message_reference')).toBe(0xffff)
    expect(readTlv(tlvs, 'qos_time_to_live')).toBe(0xffffffff)
  })

  test('strings and octets', () => {
    const tlvs = [tlv('receipted_message_id', 'A1'), tlv('message_payload', Buffer.from('text'))]
    expect(tlvs[0]?.octets.toString('latin1')).toBe('A1\0')
    expect(readTlv(tlvs, 'receipted_message_id')).toBe('A1')
    expect(readTlv(tlvs, 'message_payload')?.toString()).toBe('text')
  })
})

describe('on the wire', () => {
  const read = (octets: Buffer) =>
    readTlv([{ tag: TLVS.receipted_message_id.tag, octets }], 'receipted_message_id')

  test('a string may lack its NUL, and loses one at most', () => {
    expect(read(Buffer.from('A1'))).toBe('A1')
    expect(read(Buffer.from('A1\0'))).toBe('A1')
    expect(read(Buffer.from('A1\0\0'))).toBe('A1\0')
    expect(read(Buffer.alloc(0))).toBe('')
  })

  test('an integer of another size is no value', () => {
    const tlvs = [{ tag: TLVS.message_state.tag, octets: Buffer.of(0, 2) }]
    expect(readTlv(tlvs, 'message_state')).toBeUndefined()
  })

  test('those that may be repeated keep their places, also beside one of another size', () => {
    const areas = [Buffer.from('\0A'), Buffer.from('\0B')]
    const tlvs = [
      tlv('broadcast_area_identifier', Buffer.from('\0A')),
      { tag: TLVS.broadcast_error_status.tag, octets: Buffer.of(8) },
      tlv('broadcast_area_identifier', Buffer.from('\0B')),
      tlv('broadcast_error_status', 0x108),
    ]
    expect(readRepeatedTlv(tlvs, 'broadcast_area_identifier')).toEqual(areas)
    expect(readRepeatedTlv(tlvs, 'broadcast_error_status')).toEqual([undefined, 0x108])
  })

  test('the first of several counts', () => {
    expect(readTlv([tlv('message_state', 2), tlv('message_state', 5)], 'message_state')).toBe(2)
    expect(readTlv([], 'message_state')).toBeUndefined()
  })
})

test.each([
  ['a number that is too large', () => tlv('message_state', 256)],
  ['a fraction', () => tlv('message_state', 1.5)],
  ['a string that is too long', () => tlv('receipted_message_id', 'x'.repeat(65))],
  ['too few octets', () => tlv('network_error_code', Buffer.of(1, 2))],
])('%s has no encoding', (_, encode) => {
  expect(encode).toThrow(expect.objectContaining({ name: 'PduError' }))
})
