import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Alphabet } from './dataCoding.ts'
import { decodeText } from './decodeText.ts'

const ALPHABETS: readonly Alphabet[] = ['gsm', 'gsmPacked', 'ascii', 'latin1', 'ucs2', 'utf8']

test.each([
  [0x01, '48e9', 'Hé'],
  [0x03, '48e9', 'Hé'],
  [0x04, '00e9', '\0é'],
  [0x06, 'b6', 'Ж'],
  [0x07, 'e0', 'א'],
  [0x08, 'd83d0041', '\ufffdA'],
  [0x08, '0041d83d', 'A\ufffd'],
  [0x08, 'dc00d83d', '\ufffd\ufffd'],
  [0x08, '004100', 'A\ufffd'],
  [0x08, 'feff0048', 'H'],
  [0x08, 'fffe4800', 'H'],
  [0x08, 'feff', ''],
  [0x08, '00', '\ufffd'],
  [0x0a, '1b2442244f', 'は'],
  [0x0e, 'b0a1', '가'],
  [0x11, '02', '$'],
  [0x18, '0416', 'Ж'],
  [0x1c, '00', '@'],
  [0xd1, '00', '@'],
  [0xe0, '0416', 'Ж'],
  [0xf0, '00', '@'],
  [0xf5, '40', '@'],
])('octets with data_coding 0x%s: %s are decoded as %j', (dataCoding, hex, text) => {
  expect(decodeText(dataCoding, Buffer.from(hex, 'hex'))).toBe(text)
})

describe('the default alphabet', () => {
  test.each([
    ['gsm', '00a9', '@©'],
    ['gsmPacked', 'e8329bfd06', 'hello'],
    ['ascii', '40', '@'],
    ['latin1', '40e9', '@é'],
    ['ucs2', '0416', 'Ж'],
    ['utf8', 'd09640', 'Ж@'],
    ['utf8', 'd0', '\ufffd'],
  ] as const)('%s decodes octets %s with data_coding 0 as %j', (defaultAlphabet, hex, text) => {
    expect(decodeText(0, Buffer.from(hex, 'hex'), { defaultAlphabet })).toBe(text)
  })

  test('gsmPacked also unpacks text with another data_coding for GSM', () => {
    const packed = Buffer.from('e8329bfd06', 'hex')
    expect(decodeText(0xf0, packed, { defaultAlphabet: 'gsmPacked' })).toBe('hello')
  })
})

test('any octets are decoded to text with any data_coding, default alphabet and shifts', () => {
  const byte = fc.nat({ max: 255 })
  fc.assert(
    fc.property(
      byte,
      fc.uint8Array({ maxLength: 160 }),
      fc.constantFrom(...ALPHABETS),
      fc.record({ locking: byte, single: byte }),
      fc.nat({ max: 6 }),
      (dataCoding, octets, defaultAlphabet, shifts, fillBits) => {
        const options = { defaultAlphabet, shifts, fillBits }
        const text = decodeText(dataCoding, Buffer.from(octets), options)
        expect(text.isWellFormed()).toBe(true)
      },
    ),
  )
})
