import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeGsm, encodeGsm, gsmSeptets } from './gsmAlphabet.ts'
import { NATIONAL_TABLES } from './nationalTable.ts'

const ALPHABET =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'

const CODES = Array.from({ length: 128 }, (_, code) => code).filter((code) => code !== 0x1b)
const TURKISH = { locking: 1, single: 1 }

function hex(octets: Buffer | undefined): string | undefined {
  return octets?.toString('hex')
}

describe('the default alphabet', () => {
  test('has the 127 characters of the specification at their codes', () => {
    const octets = Buffer.from(CODES)
    expect(decodeGsm(octets)).toBe(ALPHABET)
    expect(encodeGsm(ALPHABET)).toEqual(octets)
  })

  test('encodes the ten characters of the extension table with an escape', () => {
    const extended = '\f^{}\\[~]|€'
    expect(hex(encodeGsm(extended))).toBe('1b0a1b141b281b291b2f1b3c1b3d1b3e1b401b65')
    expect(decodeGsm(encodeGsm(extended)!)).toBe(extended)
    expect(gsmSeptets(extended)).toBe(20)
  })

  test.each([
    ['decodes an unknown escaped code as the code without the escape', '1b41', 'A'],
    ['decodes two escapes as a space', '1b1b', ' '],
    ['ignores an escape at the end', '611b', 'a'],
    ['decodes octets from 0x80 on as Latin-1', '43616661e9', 'Cafaé'],
    ['decodes octets from 0x80 on as Latin-1 after an escape', '1be9', 'é'],
  ])('%s', (_, octets, text) => {
    expect(decodeGsm(Buffer.from(octets, 'hex'))).toBe(text)
  })

  test.each(['`', '\t', 'ç', 'á', '’', '\u2126', '\u00a0', '\x1b', '\uffff', '😀'])(
    'does not have the character %j',
    (character) => {
      expect(encodeGsm(character)).toBeUndefined()
      expect(gsmSeptets(character)).toBeUndefined()
    },
  )
})

describe('national tables', () => {
  test.each([
    ['Turkish single-shift', { locking: 0, single: 1 }, 'Şığ', '1b531b691b67'],
    ['Turkish locking-shift', { locking: 1, single: 0 }, 'Şığ€', '1c070c04'],
    ['a character in both tables is encoded without an escape', TURKISH, 'ş', '1d'],
    ['Spanish single-shift', { locking: 0, single: 2 }, 'áÚç', '1b611b551b09'],
    ['Spanish has no locking-shift table', { locking: 2, single: 0 }, '@', '00'],
    ['Portuguese locking-shift', { locking: 3, single: 0 }, 'ã`∞', '7b7d15'],
    ['Hindi locking-shift', { locking: 6, single: 0 }, 'नमस्ते', '2f424c5f2759'],
    ['Hindi capital letter', { locking: 6, single: 6 }, 'A', '1b41'],
    ['Kannada as in handsets', { locking: 7, single: 0 }, 'ಡಪ', '243d'],
    ['Telugu euro sign', { locking: 12, single: 12 }, '€', '1b65'],
    ['a character with two codes is encoded as the lower', { locking: 4, single: 4 }, '*', '1b0b'],
    ['an unknown language means the default tables', { locking: 99, single: 99 }, 'a€', '611b65'],
  ])('%s: %o', (_, shifts, text, expected) => {
    expect(hex(encodeGsm(text, shifts))).toBe(expected)
    expect(decodeGsm(Buffer.from(expected, 'hex'), shifts)).toBe(text)
  })

  test('a code without a character is decoded as U+FFFD, and an unknown escape is ignored', () => {
    const bengali = { locking: 4, single: 4 }
    expect(decodeGsm(Buffer.from('0c', 'hex'), bengali)).toBe('\ufffd')
    expect(decodeGsm(Buffer.from('1b61', 'hex'), bengali)).toBe('a')
  })

  test.each(NATIONAL_TABLES.map(({ name, language }) => [name, language] as const))(
    '%s: all characters in its tables are the same after encoding and decoding',
    (_, language) => {
      const shifts = { locking: language, single: language }
      const text = CODES.map((code) => decodeGsm(Buffer.of(code), shifts)).join('')
      const escaped = CODES.map((code) => decodeGsm(Buffer.of(0x1b, code), shifts)).join('')
      const known = (text + escaped).replaceAll('\ufffd', '')
      expect(known.length).toBeGreaterThan(127)
      expect(decodeGsm(encodeGsm(known, shifts)!, shifts)).toBe(known)
    },
  )

  test('any octets can be decoded with any pair of tables', () => {
    const language = fc.nat({ max: 14 })
    fc.assert(
      fc.property(fc.uint8Array(), language, language, (octets, locking, single) => {
        const text = decodeGsm(Buffer.from(octets), { locking, single })
        expect(text.length).toBeLessThanOrEqual(octets.length)
      }),
    )
  })
})
