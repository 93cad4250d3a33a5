import { expect, test } from 'vitest'
import { encodeText } from '../text/encodeText.ts'
import { decodeBody, decodePdu, encodeBody, encodePdu } from './codec.ts'

// In TypeScript, the compiler would reject these bodies. Callers in JavaScript can pass them.
function encode(command: 'submit_sm' | 'submit_multi' | 'enquire_link', body: object): Buffer {
  return encodeBody(command, body)
}

test('an unknown field throws a TypeError that names the most similar field', () => {
  expect(() => encode('submit_sm', { destination_adr: '31612345678' })).toThrow(
    new TypeError('submit_sm has no field destination_adr: did you mean destination_addr?'),
  )
  expect(() => encode('submit_sm', { destinationAddr: '31612345678' })).toThrow(
    'did you mean destination_addr?',
  )
  expect(() => encode('submit_sm', { tlv: [] })).toThrow('did you mean tlvs?')
  expect(() => encode('enquire_link', { xyz: 1 })).toThrow('enquire_link has no field xyz')
})

test('a TLV given as a field throws a TypeError that says how to write a TLV', () => {
  expect(() => encode('submit_sm', { message_payload: Buffer.from('x') })).toThrow(
    "submit_sm has no field message_payload: it is a TLV, so use tlvs: [tlv('message_payload', …)]",
  )
})

test('an unknown field in an entry of a list throws a TypeError', () => {
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

test('the result of encodeText can be used as a body without changes', () => {
  const { data_coding, short_message, alphabet } = encodeText('Grüße')
  const body = encode('submit_sm', { data_coding, short_message, alphabet })
  expect(body).toEqual(encodeBody('submit_sm', { data_coding, short_message }))
  expect(() => encode('enquire_link', { alphabet })).toThrow('has no field alphabet')
})

test('a body with every field is also checked for unknown fields', () => {
  const { command: _, ...body } = complete()
  expect(() => encode('submit_sm', { ...body, text: 'x' })).toThrow('submit_sm has no field text')
})

test('a decoded PDU, including its header, can be used as a body', () => {
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
