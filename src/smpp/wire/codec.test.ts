import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBody, decodePdu, encodeBody, encodePdu } from './codec.ts'
import * as status from './commandStatus.ts'
import { PduError } from './pduError.ts'
import { ALL_COMMANDS, anyOctets as octets, anyPdu, anyPduOf } from '../testing/anyPdu.fixture.ts'
import { DEST_FLAG } from './values/addressing.ts'
import { PDUS, type Pdu } from './pduTable.ts'
import { readRepeatedTlv, readTlv, type Tlv } from './tlv.ts'
import { TLVS, type TlvName } from './tlvTable.ts'
import { vectorLines, type PduVector } from '../testing/vectorLines.fixture.ts'

const vectors = vectorLines('pdus')
/** Keys of the decoded vectors that are not fields of a Pdu, or that follow from its fields. */
const NOT_FIELDS = new Set([
  'command_length',
  'command_id',
  'sm_length',
  'number_of_dests',
  'no_unsuccess',
  'tlvs',
  'tlv_list',
])

function decoded(octets: Buffer): Pdu {
  const result = decodePdu(octets, 0, octets.length)
  if (result.kind !== 'pdu') throw new Error(result.reason)
  return result.pdu
}

/** Converts a value to the notation of the vectors: octets become hexadecimal text. */
function shown(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('hex')
  return Array.isArray(value) ? value.map(shown) : value
}

describe('the PDUs of other encoders', () => {
  test('include each command at least once', () => {
    const commands = new Set(vectors.map((vector) => vector.decoded.command))
    expect([...commands].toSorted()).toEqual(Object.keys(PDUS).toSorted())
  })

  test('are decoded to the values that were encoded', () => {
    for (const { id, hex, decoded: meant } of vectors) {
      const pdu: Record<string, unknown> = decoded(Buffer.from(hex, 'hex'))
      const names = Object.keys(meant).filter((field) => !NOT_FIELDS.has(field))
      const own = Object.fromEntries(names.map((name) => [name, shown(pdu[name])]))
      expect({ id, ...meant, ...own }).toEqual({ id, ...meant })
      const tlvs = meant.tlv_list.map(({ tag, value }) => ({
        tag,
        octets: Buffer.from(value, 'hex'),
      }))
      expect({ id, tlvs: pdu['tlvs'] ?? [] }).toEqual({ id, tlvs })
    }
  })

  test('are encoded to the same octets after decoding', () => {
    for (const { id, hex } of vectors) {
      const encoded = encodePdu(decoded(Buffer.from(hex, 'hex'))).toString('hex')
      expect({ id, hex: encoded }).toEqual({ id, hex })
    }
  })

  test('yield the TLV values that were encoded', () => {
    for (const { id, hex, decoded: meant } of vectors) {
      const pdu = decoded(Buffer.from(hex, 'hex'))
      for (const [name, value] of Object.entries(meant.tlvs)) {
        if (!(name in TLVS)) continue
        // The check above shows that `name` is in the table.
        const own = readRepeatedTlv(pdu.tlvs ?? [], name as TlvName)
        const meantValues: readonly unknown[] = Array.isArray(value) ? value : [value]
        // The vectors write an integer of an unexpected size as an object. It is read as undefined.
        const expected = meantValues.map((one) => (typeof one === 'object' ? undefined : one))
        expect({ id, [name]: shown(own) }).toEqual({ id, [name]: expected })
      }
    }
  })
})

test('each command_id is unique, and each response belongs to a request', () => {
  const ids = Object.values(PDUS).map(({ command_id }) => command_id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const [command, { command_id }] of Object.entries(PDUS))
    if (command.endsWith('_resp')) expect(ids).toContain(command_id - 0x80000000)
})

describe.each(ALL_COMMANDS)('any %s', (command) => {
  test('is the same PDU after encoding and decoding', () => {
    fc.assert(
      fc.property(anyPduOf(command), (pdu) => {
        expect(decoded(encodePdu(pdu))).toEqual(pdu)
      }),
      { numRuns: 30 },
    )
  })
})

describe('any PDU', () => {
  test('is encoded to the same octets after decoding', () => {
    fc.assert(
      fc.property(anyPdu, (pdu) => {
        const octets = encodePdu(pdu)
        expect(encodePdu(decoded(octets))).toEqual(octets)
      }),
    )
  })

  test('has the same body after encodeBody and decodeBody', () => {
    fc.assert(
      fc.property(anyPdu, (pdu) => {
        const { command, command_status: _, sequence_number: __, ...body } = pdu
        expect(decodeBody(command, encodeBody(command, pdu))).toEqual(body)
      }),
    )
  })

  test('is decoded at any position in a buffer', () => {
    fc.assert(
      fc.property(anyPdu, octets(20), octets(20), (pdu, before, after) => {
        const whole = encodePdu(pdu)
        const buffer = Buffer.concat([before, whole, after])
        const result = decodePdu(buffer, before.length, before.length + whole.length)
        expect(result).toEqual({ kind: 'pdu', pdu })
      }),
    )
  })
})

test('any octets are either malformed or a PDU that is encoded to the same octets', () => {
  const header = fc.constantFrom(...Object.values(PDUS).map(({ command_id }) => command_id))
  fc.assert(
    fc.property(header, fc.constantFrom(0, 8), octets(200), (command_id, commandStatus, body) => {
      const pdu = Buffer.concat([Buffer.alloc(16), body])
      pdu.writeUInt32BE(pdu.length, 0)
      pdu.writeUInt32BE(command_id, 4)
      pdu.writeUInt32BE(commandStatus, 8)
      const result = decodePdu(pdu, 0, pdu.length)
      if (result.kind === 'malformed') expect(result.commandStatus).toBeGreaterThan(0)
      else expect(encodePdu(result.pdu)).toEqual(pdu)
    }),
    { numRuns: 1000 },
  )
})

test('too few or too many octets for one PDU are malformed', () => {
  const enquire = Buffer.from('00000010000000150000000000000005', 'hex')
  expect(decodePdu(enquire, 0, 15)).toMatchObject({
    kind: 'malformed',
    commandStatus: status.ESME_RINVCMDLEN,
  })
  expect(decodePdu(Buffer.concat([enquire, enquire]), 0, 32)).toMatchObject({
    kind: 'malformed',
    commandStatus: status.ESME_RINVCMDLEN,
    sequence_number: 5,
  })
})

describe('a body without some of its fields', () => {
  test('is encoded with 0 or an empty value for each missing field', () => {
    const body = encodeBody('submit_sm', { destination_addr: '4477' })
    expect(decodeBody('submit_sm', body)).toMatchObject({
      service_type: '',
      destination_addr: '4477',
      data_coding: 0,
      short_message: Buffer.alloc(0),
      tlvs: [],
    })
  })
})

describe('a value that cannot be encoded throws PduError:', () => {
  test.each([
    ['a string that is too long', { source_addr: 'x'.repeat(21) }, status.ESME_RINVSRCADR],
    ['a NUL in a string', { destination_addr: '44\x0077' }, status.ESME_RINVDSTADR],
    ['a character outside Latin-1', { source_addr: '€' }, status.ESME_RINVSRCADR],
    ['a nine-bit number in one octet', { data_coding: 256 }, status.ESME_RINVCMDLEN],
    ['a negative number', { esm_class: -1 }, status.ESME_RINVCMDLEN],
    ['256 octets of text', { short_message: Buffer.alloc(256) }, status.ESME_RINVMSGLEN],
  ])('%s', (_, body, commandStatus) => {
    expect(() => encodeBody('submit_sm', body)).toThrow(
      expect.objectContaining({ name: 'PduError', commandStatus }),
    )
  })

  test('a TLV of 65,536 octets', () => {
    const big: Tlv = { tag: 0x0424, octets: Buffer.alloc(65_536) }
    expect(() => encodeBody('submit_sm', { tlvs: [big] })).toThrow(PduError)
  })
})

const LIST_OF_NO_NAME = { dest_flag: DEST_FLAG.DISTRIBUTION_LIST, dl_name: '' } as const

describe('the lists of submit_multi and its response:', () => {
  const refused = (command: 'submit_multi' | 'submit_multi_resp', hex: string) => {
    const body = Buffer.from(hex, 'hex')
    return () => decodeBody(command, body)
  }

  test('a list of destinations holds addresses and distribution lists in any order', () => {
    const body = {
      dest_address: [
        { dest_flag: DEST_FLAG.DISTRIBUTION_LIST, dl_name: 'friends' },
        {
          dest_flag: DEST_FLAG.SME_ADDRESS,
          dest_addr_ton: 1,
          dest_addr_npi: 1,
          destination_addr: '4477',
        },
      ],
    } as const
    const octets = encodeBody('submit_multi', body)
    // After service_type and the three source fields come the count of destinations and then, for
    // each destination, a flag and its fields (SMPP 3.4 §4.5.1.1).
    const list = '02' + '02667269656e647300' + '0101013434373700'
    expect(octets.toString('hex', 4, 22)).toBe(list)
    expect(decodeBody('submit_multi', octets)).toMatchObject(body)
  })

  test.each([
    ['without an entry', '0000000000', status.ESME_RINVNUMDESTS],
    ['with an unknown flag', '000000000103', status.ESME_RINVDESTFLAG],
    ['that ends early', '0000000002' + '026100', status.ESME_RINVCMDLEN],
    ['with a name that is too long', '0000000001' + '02' + '61'.repeat(21), status.ESME_RINVDLNAME],
  ])('a list of destinations %s is refused', (_, hex, commandStatus) => {
    expect(refused('submit_multi', hex)).toThrow(expect.objectContaining({ commandStatus }))
  })

  test.each([
    ['no destinations', []],
    ['256 destinations', Array.from({ length: 256 }, () => LIST_OF_NO_NAME)],
  ])('a list of %s cannot be encoded', (_, dest_address) => {
    expect(() => encodeBody('submit_multi', { dest_address })).toThrow(
      expect.objectContaining({ commandStatus: status.ESME_RINVNUMDESTS }),
    )
  })

  test('a list of failures may be truncated or missing, and its complete entries are kept', () => {
    const one = '0101' + '313500' + '0000000b'
    const failure = { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '15' }
    expect(refused('submit_multi_resp', '7800' + '02' + one)()).toMatchObject({
      message_id: 'x',
      unsuccess_sme: [{ ...failure, error_status_code: status.ESME_RINVDSTADR }],
    })
    expect(refused('submit_multi_resp', '7800')()).toMatchObject({ unsuccess_sme: [] })
  })
})

describe('an incomplete response is decoded as far as possible:', () => {
  const refusal = (hex: string) => decoded(Buffer.from(hex, 'hex'))

  test('a refusal with TLVs in place of its body keeps the TLVs', () => {
    const hex = vectorLines('malformed').find(({ id }) => id === 'm104')?.send[0]
    const pdu = refusal(String(hex))
    expect(pdu).toMatchObject({ command_status: 0xfe, message_id: '' })
    expect(readTlv(pdu.tlvs ?? [], 'delivery_failure_reason')).toBe(2)
  })

  test('a message_id without its NUL extends to the end of the PDU', () => {
    const pdu = refusal('0000001480000004000000000000000761626364')
    expect(pdu).toMatchObject({ command_status: 0, message_id: 'abcd' })
  })

  test('an invalid body does not hide the command_status', () => {
    const pdu = refusal('00000015800000040000005800000007ff' + '00ff00ff')
    expect(pdu).toMatchObject({ command_status: 0x58, sequence_number: 7 })
  })
})

test('1 to 3 octets after the last field are malformed only if the PDU may have TLVs', () => {
  for (const { id, hex, decoded: meant } of vectors.filter(isRequestWithoutTlvs)) {
    for (const more of [1, 2, 3]) {
      const longer = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(more)])
      longer.writeUInt32BE(longer.length, 0)
      const { kind, ...result } = decodePdu(longer, 0, longer.length)
      const isRefused = hasTlvs(meant.command)
      expect({ id, kind }).toEqual({ id, kind: isRefused ? 'malformed' : 'pdu' })
      if (isRefused) expect(result).toMatchObject({ commandStatus: status.ESME_RINVTLVSTREAM })
    }
  }
})

function hasTlvs(command: string): boolean {
  return Object.entries(PDUS).some(([name, { tlvs }]) => name === command && tlvs)
}

function isRequestWithoutTlvs({ decoded: { command, tlv_list } }: PduVector): boolean {
  const isResponse = command.endsWith('_resp') || command === 'generic_nack'
  return !isResponse && tlv_list.length === 0
}
