import { tlv, TLVS, type Tlv, type TlvName } from '../../src/smpp/index.ts'
import type { TlvRow } from '../../src/smpp/wire/tlvTable.ts'

/**
 * Sample values of a TLV: common ones if they are listed here, otherwise the shortest and longest
 * that are allowed.
 */
export function sampleTlvs(name: TlvName): readonly Tlv[] {
  return (WRITTEN_OFTEN[name] ?? valuesOf(name)).map((value) => made(name, value))
}

type Value = number | string | Buffer

const WRITTEN_OFTEN: { readonly [N in TlvName]?: readonly Value[] } = {
  sc_interface_version: [0x33, 0x34, 0x50],
  message_state: [0, 2, 9],
  source_subaddress: [Buffer.from('80313233', 'hex')],
  dest_subaddress: [Buffer.from('a0313233', 'hex')],
  callback_num: [Buffer.from('\x01\x01\x01447700900123')],
  network_error_code: [Buffer.from([3, 0x12, 0x34])],
  message_payload: [Buffer.from('x'), Buffer.alloc(2000, 'long text ')],
  broadcast_content_type: [Buffer.from([1, 0, 0x10])],
  broadcast_frequency_interval: [Buffer.from([9, 0, 5])],
  broadcast_area_identifier: [Buffer.from('\0Rome')],
  broadcast_end_time: ['261231235958700+'],
  source_node_id: [Buffer.from('123456')],
  dest_node_id: [Buffer.from('123456')],
  dest_addr_np_information: [Buffer.from('1234567890')],
  its_session_info: [Buffer.from([1, 0x05])],
}

function valuesOf(name: TlvName): readonly Value[] {
  const { type }: TlvRow = TLVS[name]
  switch (type.kind) {
    case 'integer':
      return [...new Set([type.min, 1, type.max])]
    case 'cString':
      return ['a'.repeat(Math.max(1, type.octetsMin - 1)), 'b'.repeat(type.octetsMax - 1)]
    case 'octets':
      return [Buffer.alloc(type.octetsMin, 1), Buffer.alloc(type.octetsMax, 1)]
  }
}

function made(name: TlvName, value: Value): Tlv {
  // Each value has the type of its row, which tlv() checks.
  return tlv(name, value as never)
}
