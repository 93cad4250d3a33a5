import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tlv } from '../wire/tlv.ts'
import { TLVS } from '../wire/tlvTable.ts'
import { joinText, messageText, readUserData } from './userData.ts'
import {
  concatenationElement,
  concatenationIn,
  encodeUdh,
  parseUdh,
  portElement,
  shiftElements,
  shiftsIn,
} from './userDataHeader.ts'

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}

function concatenationOf(header: string) {
  return concatenationIn(parseUdh(hex(header))?.elements ?? [])
}

describe('concatenation elements', () => {
  test('an element with an 8-bit reference is encoded and decoded', () => {
    const expected = { by: 'udh8', reference: 0xab, total: 3, sequence: 2 } as const
    expect(concatenationOf('050003ab0302')).toEqual(expected)
    expect(encodeUdh([concatenationElement(expected)])).toEqual(hex('050003ab0302'))
  })

  test('an element with a 16-bit reference is encoded and decoded', () => {
    const expected = { by: 'udh16', reference: 0xabcd, total: 3, sequence: 2 } as const
    expect(concatenationOf('060804abcd0302')).toEqual(expected)
    expect(encodeUdh([concatenationElement(expected)])).toEqual(hex('060804abcd0302'))
  })

  test.each([
    ['a total of 0', '050003ab0000'],
    ['a sequence of 0', '050003ab0200'],
    ['a sequence above the total', '050003ab0203'],
    ['another length', '040002ab02'],
  ])('an element with %s is ignored', (_, header) => {
    expect(concatenationOf(header)).toBeUndefined()
  })

  test('an element is ignored if a valid element follows it', () => {
    expect(concatenationOf('0f0003ab0201000300020200030002ff')).toMatchObject({ sequence: 2 })
  })
})

test('elements for ports and shifts are encoded and decoded', () => {
  const elements = [portElement(2948, 9200), ...shiftElements({ locking: 1, single: 3 })]
  const header = encodeUdh(elements)
  expect(header).toEqual(hex('0c05040b8423f0240103250101'))
  expect(parseUdh(header)).toEqual({ elements, length: 13 })
  expect(shiftsIn(elements)).toEqual({ locking: 1, single: 3 })
})

test('a port above 65,535 and a header above 255 octets throw', () => {
  expect(() => portElement(65_536, 0)).toThrow('256 does not fit')
  expect(() => encodeUdh([{ id: 1, octets: Buffer.alloc(254) }])).toThrow('at most 255')
})

test('an element that extends beyond the header is ignored, and the others are kept', () => {
  expect(parseUdh(hex('0424010125ff'))).toEqual({
    elements: [{ id: 0x24, octets: hex('01') }],
    length: 5,
  })
})

describe('from a message, readUserData returns', () => {
  const body = { esm_class: 0x40, data_coding: 0, tlvs: [] }

  test('the octets after its header', () => {
    const short_message = hex('050003ab0201486921')
    const { octets, concatenation } = readUserData({ ...body, short_message })
    expect(octets.toString()).toBe('Hi!')
    expect(concatenation).toMatchObject({ reference: 0xab, total: 2, sequence: 1 })
    expect(messageText({ ...body, short_message })).toBe('Hi!')
  })

  test('all octets if the header claims to be longer than the message', () => {
    const short_message = hex('c8000348')
    expect(readUserData({ ...body, short_message }).octets).toEqual(short_message)
  })

  test('the message_payload if short_message is empty or missing, as in a data_sm', () => {
    const tlvs = [tlv('message_payload', hex('032401011b69'))]
    expect(messageText({ esm_class: 0x40, data_coding: 0, tlvs })).toBe('ı')
    expect(messageText({ ...body, short_message: Buffer.alloc(0), tlvs })).toBe('ı')
  })

  test('the concatenation in its SAR TLVs if all three are valid', () => {
    const sar = (total: number, sequence: number) => [
      tlv('sar_msg_ref_num', 0x1234),
      // These are written directly, because tlv() refuses part 0, which peers may send.
      { tag: TLVS.sar_total_segments.tag, octets: Buffer.of(total) },
      { tag: TLVS.sar_segment_seqnum.tag, octets: Buffer.of(sequence) },
    ]
    const partOf = (tlvs: ReturnType<typeof sar>) =>
      readUserData({ esm_class: 0, data_coding: 0, tlvs }).concatenation
    expect(partOf(sar(2, 1))).toEqual({ by: 'sar', reference: 0x1234, total: 2, sequence: 1 })
    expect(partOf(sar(2, 3))).toBeUndefined()
    expect(partOf(sar(2, 0))).toBeUndefined()
    expect(partOf(sar(2, 1).slice(1))).toBeUndefined()
  })

  test('half of a surrogate pair or of an escape pair, which joinText restores', () => {
    const part = (data_coding: number, octets: string) => {
      const short_message = Buffer.concat([hex('050003ab0201'), hex(octets)])
      return readUserData({ ...body, data_coding, short_message })
    }
    expect(joinText([part(8, '0041d83d'), part(8, 'de000042')])).toBe('A😀B')
    expect(joinText([part(0, '411b'), part(0, '6542')])).toBe('A€B')
    expect(joinText([part(8, '0041'), part(0, '42')])).toBe('AB')
    expect(joinText([])).toBe('')
  })

  test('packed septets after fill bits', () => {
    const short_message = hex('050003070201')
    expect(short_message).toHaveLength(6)
    const packed = Buffer.concat([short_message, hex('c2e1')])
    expect(messageText({ ...body, short_message: packed }, { defaultAlphabet: 'gsmPacked' })).toBe(
      'aa',
    )
  })

  test('octets that can be decoded to text, whatever the message contains', () => {
    const octets = fc.uint8Array({ maxLength: 50 }).map((given) => Buffer.from(given))
    const byte = fc.nat({ max: 255 })
    fc.assert(
      fc.property(byte, byte, octets, fc.array(octets), (esm_class, data_coding, short, values) => {
        const tags = [0x020c, 0x020e, 0x020f, 0x0424]
        const tlvs = values.map((value, index) => ({ tag: tags[index % 4]!, octets: value }))
        const message = { esm_class, data_coding, short_message: short, tlvs }
        expect(readUserData(message).octets.length).toBeLessThanOrEqual(50)
        expect(messageText(message).isWellFormed()).toBe(true)
      }),
    )
  })
})
