import { expect, test } from 'vitest'
import { encodeText } from '../text/encodeText.ts'
import { decodeBody, decodePdu, encodeBody, encodePdu } from './codec.ts'

// Callers in JavaScript have no compiler that would refuse these.
function encode(command: 'submit_sm' | 'submit_multi' | 'enquire_link', body: object): Buffer {
  return encodeBody(command, body)
}

test('a field that the PDU does not have is a TypeError that names the nearest one', () => {
  expect(() => encode('submit_sm', { destination_adr: '31612345678' })).toThrow(
    new TypeError('submit_sm has no field destination_adr: did you mean destination_addr?'),
  )
  expect(() => encode('submit_sm', { destinationAddr: '31612345678' })).toThrow(
    'did you mean destination_addr?',
  )
  expect(() => encode('submit_sm', { tlv: [] })).toThrow('did you mean tlvs?')
  expect(() => encode('enquire_link', { xyz: 1 })).toThrow('enquire_link has no field xyz')
})

test('a TLV in the place of a field is told where it belongs', () => {
  expect(() => encode('submit_sm', { message_payload: Buffer.from('x') })).toThrow(
    "submit_sm has no field message_payload: it is a TLV: tlvs: [tlv('message_payload', …)]",
  )
})

test('an entry of a list is held to its fields', () => {
  const dest_address = [{ dest_flag: 1, destination_adr: '31612345678' }]
  expect(() => encode('submit_multi', { dest_address })).toThrow(
    'dest_address has no field destination_adr: did you mean destination_addr?',
  )
})

test('the order of fields does not matter', () => {
  const body = { short_message: Buffer.from('x'), source_addr: '1', destination_addr: '2' }
  const octets = encodeBody('submit_sm', body)
  expect(encode('submit_sm', Object.fromEntries(Object.entries(body).toReversed()))).toEqual(octets)
  expect(decodeBody('submit_sm', octets)).toMatchObject(body)
})

test('what encodeText gives is a body as it is', () => {
  const { data_coding, short_message, alphabet } = encodeText('Grüße')
  const body = encode('submit_sm', { data_coding, short_message, alphabet })
  expect(body).toEqual(encodeBody('submit_sm', { data_coding, short_message }))
  expect(() => encode('enquire_link', { alphabet })).toThrow('has no field alphabet')
})

test('a complete body is checked too', () => {
  const { command: _, ...body } = complete()
  expect(() => encode('submit_sm', { ...body, text: 'x' })).toThrow('submit_sm has no field text')
})

test('a body may be what was decoded, header included', () => {
  const octets = encodePdu({ ...complete(), sequence_number: 5 })
  expect(encode('submit_sm', complete())).toEqual(octets.subarray(16))
})

function complete() {
  const octets = Buffer.alloc(16 + 17)
  octets.writeUInt32BE(octets.length, 0)
  octets.writeUInt32BE(4, 4)
  const decoded = decodePdu(octets, 0, octets.length)
  if (decoded.kind !== 'pdu' || decoded.pdu.command !== 'submit_sm') throw new Error('no submit_sm')
  return decoded.pdu
}
