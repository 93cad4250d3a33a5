import { describe, expect, test } from 'vitest'
import { decodeBody, decodePdu, encodeBody, encodePdu } from './codec.ts'
import { ESME_ROK, ESME_RSYSERR } from './commandStatus.ts'
import { PDUS, type CommandName, type Pdu } from './pduTable.ts'

function pduOf(command: CommandName, command_status: number, body: string): Buffer {
  const octets = Buffer.concat([Buffer.alloc(16), Buffer.from(body.replaceAll(' ', ''), 'hex')])
  octets.writeUInt32BE(octets.length, 0)
  octets.writeUInt32BE(PDUS[command].command_id, 4)
  octets.writeUInt32BE(command_status, 8)
  octets.writeUInt32BE(7, 12)
  return octets
}

function decoded(octets: Buffer): Pdu {
  const result = decodePdu(octets, 0, octets.length)
  if (result.kind !== 'pdu') throw new Error(result.reason)
  return result.pdu
}

const VENDOR_TLV = '1403 0001 05'
const ID_OF_70 = '61'.repeat(70)

describe('a decoded PDU is encoded to its original octets:', () => {
  test.each<[string, CommandName, number, string]>([
    ['a bind with a TLV', 'bind_transceiver', ESME_ROK, `6500 7000 00 34 0000 00 ${VENDOR_TLV}`],
    ['a query_sm with a TLV', 'query_sm', ESME_ROK, `3100 0000 00 ${VENDOR_TLV}`],
    ['a cancel_sm with a TLV', 'cancel_sm', ESME_ROK, `00 3100 000000 000000 ${VENDOR_TLV}`],
    ['an outbind with a TLV', 'outbind', ESME_ROK, `6100 6200 ${VENDOR_TLV}`],
    ['an unbind with a TLV', 'unbind', ESME_ROK, VENDOR_TLV],
    ['an enquire_link with a TLV', 'enquire_link', ESME_ROK, VENDOR_TLV],
    ['an enquire_link with one octet', 'enquire_link', ESME_ROK, '00'],
    ['a bind with a truncated TLV', 'bind_receiver', ESME_ROK, '0000003400 0000 1403 0009'],
    ['a refusal with only a TLV', 'submit_sm_resp', ESME_RSYSERR, '001d 0003 616200'],
    ['a refusal with an empty id', 'submit_sm_resp', ESME_RSYSERR, '00'],
    ['a refusal with an id without its NUL', 'submit_sm_resp', ESME_RSYSERR, '6162'],
    ['a refusal with every field empty', 'submit_multi_resp', ESME_RSYSERR, '00 00'],
    ['a refusal with a truncated body', 'submit_multi_resp', ESME_RSYSERR, '00'],
    ['a generic_nack with two octets', 'generic_nack', ESME_RSYSERR, '0102'],
    ['a success without a body', 'deliver_sm_resp', ESME_ROK, ''],
    ['an id without its NUL', 'submit_sm_resp', ESME_ROK, '6162'],
    ['an id of 70 characters', 'submit_sm_resp', ESME_ROK, `${ID_OF_70} 00`],
    ['an id of 70 characters without its NUL', 'submit_sm_resp', ESME_ROK, ID_OF_70],
    ['an id and a truncated TLV', 'submit_sm_resp', ESME_ROK, '6100 04'],
    ['a submit_multi_resp without its list', 'submit_multi_resp', ESME_ROK, '6100'],
    ['a list without its last entry', 'submit_multi_resp', ESME_ROK, '6100 02 0101 3100 00000001'],
    ['a list with a truncated entry', 'submit_multi_resp', ESME_ROK, '6100 01 0101 3100 00'],
    ['a query_sm_resp without its last field', 'query_sm_resp', ESME_ROK, '6100 00 02'],
    ['octets in a response that has no fields', 'unbind_resp', ESME_ROK, '010203'],
  ])('%s', (_, command, commandStatus, body) => {
    const octets = pduOf(command, commandStatus, body)
    expect(encodePdu(decoded(octets)).toString('hex')).toBe(octets.toString('hex'))
  })

  test('a PDU with another sequence_number keeps the octets of its body', () => {
    const octets = pduOf('submit_sm_resp', ESME_ROK, ID_OF_70)
    const onward = encodePdu({ ...decoded(octets), sequence_number: 8 })
    expect(onward.subarray(16)).toEqual(octets.subarray(16))
    expect(onward.readUInt32BE(12)).toBe(8)
  })
})

describe('the original body', () => {
  test('is kept only if the fields do not describe all of it', () => {
    const plain = [
      pduOf('submit_sm_resp', ESME_ROK, '6100'),
      pduOf('submit_sm_resp', ESME_ROK, `6100 ${VENDOR_TLV}`),
      pduOf('submit_sm_resp', ESME_RSYSERR, ''),
      pduOf('submit_sm_resp', ESME_RSYSERR, '6100'),
      pduOf('submit_multi_resp', ESME_ROK, '6100 00'),
      pduOf('unbind_resp', ESME_ROK, ''),
      pduOf('query_sm', ESME_ROK, `3100 0000 00 ${VENDOR_TLV}`),
    ]
    for (const octets of plain) expect(decoded(octets)).not.toHaveProperty('bodyOctets')
    const odd = pduOf('submit_sm_resp', ESME_ROK, '6162')
    expect(decoded(odd).bodyOctets).toEqual(odd.subarray(16))
  })

  test('is not written if a field has changed', () => {
    const pdu = decoded(pduOf('submit_sm_resp', ESME_ROK, '6162'))
    const changed = encodePdu({ ...pdu, message_id: 'x' } as Pdu) // Same command, so same type.
    expect(changed.toString('hex', 16)).toBe('7800')
    const cancel = decoded(pduOf('cancel_sm', ESME_ROK, '00 3100 000000 000000 01'))
    expect(cancel.bodyOctets).toBeDefined()
    const moved = encodePdu({ ...cancel, message_id: '2' } as Pdu) // Same command, so same type.
    expect(moved.toString('hex', 16)).toBe('003200000000000000')
    // If a refusal is changed to a success, its TLVs are written after a message_id.
    const refusal = decoded(pduOf('submit_sm_resp', ESME_RSYSERR, VENDOR_TLV))
    const success = encodePdu({ ...refusal, command_status: ESME_ROK })
    expect(success.toString('hex', 16)).toBe('001403000105')
  })
})

describe('the property tlvs of a PDU for which the specification has no TLVs', () => {
  test('is present only if the PDU has TLVs', () => {
    const tlvs = [{ tag: 0x1403, octets: Buffer.of(5) }]
    expect(decoded(pduOf('enquire_link', ESME_ROK, VENDOR_TLV))).toMatchObject({ tlvs })
    expect(decoded(pduOf('enquire_link', ESME_ROK, ''))).not.toHaveProperty('tlvs')
    const body = encodeBody('query_sm', { message_id: '1', tlvs })
    expect(decodeBody('query_sm', body)).toMatchObject({ message_id: '1', tlvs })
  })

  test('is missing if the remaining octets are not all valid TLVs', () => {
    const pdu = decoded(pduOf('enquire_link', ESME_ROK, `${VENDOR_TLV} 00`))
    expect(pdu).not.toHaveProperty('tlvs')
  })
})
