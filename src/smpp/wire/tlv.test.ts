import { describe, expect, test } from 'vitest'
import { readRepeatedTlv, readTlv, tlv, tlvName } from './tlv.ts'
import { TLVS } from './tlvTable.ts'

test('each tag is unique, and tlvName returns its name', () => {
  const tags = Object.values(TLVS).map(({ tag }) => tag)
  expect(new Set(tags).size).toBe(tags.length)
  for (const [name, { tag }] of Object.entries(TLVS)) expect(tlvName(tag)).toBe(name)
  expect(tlvName(0x1401)).toBeUndefined()
})

describe('TLVs', () => {
  test('an integer of one, two or four octets is read as the same integer', () => {
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

  test('a string or octets are read as the same value', () => {
    const tlvs = [tlv('receipted_message_id', 'A1'), tlv('message_payload', Buffer.from('text'))]
    expect(tlvs[0]?.octets.toString('latin1')).toBe('A1\0')
    expect(readTlv(tlvs, 'receipted_message_id')).toBe('A1')
    expect(readTlv(tlvs, 'message_payload')?.toString()).toBe('text')
  })
})

describe('in a received TLV', () => {
  const read = (octets: Buffer) =>
    readTlv([{ tag: TLVS.receipted_message_id.tag, octets }], 'receipted_message_id')

  test('a string may lack its NUL, and at most one NUL is removed', () => {
    expect(read(Buffer.from('A1'))).toBe('A1')
    expect(read(Buffer.from('A1\0'))).toBe('A1')
    expect(read(Buffer.from('A1\0\0'))).toBe('A1\0')
    expect(read(Buffer.alloc(0))).toBe('')
  })

  test('an integer of another size is read as undefined', () => {
    const tlvs = [{ tag: TLVS.message_state.tag, octets: Buffer.of(0, 2) }]
    expect(readTlv(tlvs, 'message_state')).toBeUndefined()
  })

  test('repeated values are read in order, with undefined for a value of another size', () => {
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

  test('the first value is read if a TLV is repeated', () => {
    expect(readTlv([tlv('message_state', 2), tlv('message_state', 5)], 'message_state')).toBe(2)
    expect(readTlv([], 'message_state')).toBeUndefined()
  })

  test('a value outside its range is read', () => {
    const congested = [{ tag: TLVS.congestion_state.tag, octets: Buffer.of(200) }]
    expect(readTlv(congested, 'congestion_state')).toBe(200)
    const network = [{ tag: TLVS.source_network_id.tag, octets: Buffer.from('1') }]
    expect(readTlv(network, 'source_network_id')).toBe('1')
    const node = [{ tag: TLVS.dest_node_id.tag, octets: Buffer.from('27001') }]
    expect(readTlv(node, 'dest_node_id')).toEqual(Buffer.from('27001'))
  })
})

const BEYOND_LATIN_1 = '\u041f\u0440\u0438\u0432\u0435\u0442'

test.each([
  ['a number that is too large', () => tlv('message_state', 256)],
  ['a fraction', () => tlv('message_state', 1.5)],
  ['a number outside its specified range', () => tlv('congestion_state', 101)],
  ['a part number of 0', () => tlv('sar_segment_seqnum', 0)],
  ['a total of 0 parts', () => tlv('sar_total_segments', 0)],
  ['a string that is too long', () => tlv('receipted_message_id', 'x'.repeat(65))],
  ['a string that is too short', () => tlv('source_network_id', '12345')],
  ['a time that is too short', () => tlv('broadcast_end_time', '2612312359590')],
  ['a NUL in a string', () => tlv('receipted_message_id', 'ab\0cd')],
  ['a character outside Latin-1', () => tlv('additional_status_info_text', BEYOND_LATIN_1)],
  ['too few octets', () => tlv('network_error_code', Buffer.of(1, 2))],
  ['a node id of five digits', () => tlv('source_node_id', Buffer.from('27001'))],
])('%s throws PduError', (_, encode) => {
  expect(encode).toThrow(expect.objectContaining({ name: 'PduError' }))
})

test('the smallest and largest values of a range can be encoded', () => {
  expect(tlv('congestion_state', 0).octets).toEqual(Buffer.of(0))
  expect(tlv('congestion_state', 100).octets).toEqual(Buffer.of(100))
  expect(tlv('sar_total_segments', 255).octets).toEqual(Buffer.of(255))
  expect(tlv('source_network_id', '131026').octets).toEqual(Buffer.from('131026\0'))
  expect(tlv('broadcast_end_time', '261231235958700+').octets.length).toBe(17)
})
