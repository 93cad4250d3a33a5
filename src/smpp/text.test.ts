import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeText, encodeGsm, encodeText } from './text.ts'

const ALPHABET =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'

describe('GSM 03.38', () => {
  test('has its 127 characters in their places', () => {
    const octets = Buffer.from(
      Array.from({ length: 128 }, (_, code) => code).filter((code) => code !== 0x1b),
    )
    expect(decodeText(0, octets)).toBe(ALPHABET)
    expect(encodeGsm(ALPHABET)).toEqual(octets)
  })

  test('escapes the ten of its extension', () => {
    const extended = '\f^{}\\[~]|€'
    expect(encodeText(extended)).toEqual({
      data_coding: 0,
      octets: Buffer.from('1b0a1b141b281b291b2f1b3c1b3d1b3e1b401b65', 'hex'),
    })
    expect(decodeText(0, encodeText(extended).octets)).toBe(extended)
  })

  test.each([
    ['an unknown extension shows the plain character', '1b41', 'A'],
    ['two escapes show a space', '1b1b', ' '],
    ['an escape at the end shows nothing', '611b', 'a'],
    ['octets from 0x80 are Latin-1', '43616661e9', 'Cafaé'],
  ])('%s', (_, hex, text) => {
    expect(decodeText(0, Buffer.from(hex, 'hex'))).toBe(text)
  })

  test.each(['`', '\t', 'ç', 'á', '’', '\u2126', '\u00a0', '\x1b'])('has no %j', (character) => {
    expect(encodeGsm(character)).toBeUndefined()
    expect(encodeText(character).data_coding).toBe(8)
  })
})

test('what GSM lacks is sent as UTF-16 big endian, pairs and all', () => {
  expect(encodeText('Ж😀')).toEqual({ data_coding: 8, octets: Buffer.from('0416d83dde00', 'hex') })
})

test('any text comes back as it went', () => {
  // UCS-2 that begins with U+FEFF has a byte order mark, not a character.
  const texts = fc.string({ unit: 'grapheme' }).filter((text) => !text.startsWith('\ufeff'))
  fc.assert(
    fc.property(texts, (text) => {
      const { data_coding, octets } = encodeText(text)
      expect(decodeText(data_coding, octets)).toBe(text)
    }),
  )
})

test('any octets of any data_coding have a text', () => {
  const anyOctets = fc.uint8Array({ maxLength: 160 })
  fc.assert(
    fc.property(fc.nat({ max: 255 }), anyOctets, (dataCoding, octets) => {
      expect(typeof decodeText(dataCoding, Buffer.from(octets))).toBe('string')
    }),
  )
})

test.each([
  [0x01, '48e9', 'Hé'],
  [0x03, '48e9', 'Hé'],
  [0x06, 'b6', 'Ж'],
  [0x07, 'e0', 'א'],
  [0x08, 'd83d0041', '\ufffdA'],
  [0x08, '004100', 'A\ufffd'],
  [0x08, 'feff0048', 'H'],
  [0x11, '02', '$'],
  [0x18, '0416', 'Ж'],
  [0xe0, '0416', 'Ж'],
  [0xf0, '00', '@'],
  [0xf5, '40', '@'],
])('data_coding 0x%s of %s reads %j', (dataCoding, hex, text) => {
  expect(decodeText(dataCoding, Buffer.from(hex, 'hex'))).toBe(text)
})
