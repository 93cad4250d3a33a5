import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Alphabet } from './dataCoding.ts'
import { decodeText } from './decodeText.ts'
import { encodeText, type EncodeOptions } from './encodeText.ts'

const ALPHABETS: readonly Alphabet[] = ['gsm', 'gsmPacked', 'ascii', 'latin1', 'ucs2', 'utf8']

describe('without options', () => {
  test('GSM 03.38 is taken when it has every character', () => {
    const short_message = Buffer.from('611b65', 'hex')
    expect(encodeText('a€')).toEqual({ data_coding: 0, short_message, alphabet: 'gsm' })
  })

  test('what GSM lacks is sent as UTF-16 big endian, pairs and all', () => {
    const short_message = Buffer.from('0416d83dde00', 'hex')
    expect(encodeText('Ж😀')).toEqual({ data_coding: 8, short_message, alphabet: 'ucs2' })
  })
})

function chosen(text: string, options: EncodeOptions): string | undefined {
  const encoded = encodeText(text, options)
  return encoded && `${encoded.alphabet} ${encoded.data_coding}`
}

describe('the cheapest alphabet', () => {
  const all: readonly Alphabet[] = ['gsm', 'latin1', 'ucs2']

  test.each([
    ['the fewest parts: 153 brackets', '['.repeat(153), 'latin1 3'],
    ['the fewest parts: 160 letters', 'a'.repeat(160), 'gsm 0'],
    ['then the fewest octets: two brackets', 'a[]', 'latin1 3'],
    ['then the first of those allowed', 'ab', 'gsm 0'],
    ['of those that have the text', 'ç', 'latin1 3'],
    ['and UCS-2 has all', 'Ж', 'ucs2 8'],
  ])('%s', (_, text, expected) => {
    expect(chosen(text, { alphabets: all })).toBe(expected)
  })

  test('or the first allowed one that has the text, where that is asked for', () => {
    expect(chosen('a[]', { alphabets: all, choice: 'first' })).toBe('gsm 0')
    expect(chosen('ç', { alphabets: all, choice: 'first' })).toBe('latin1 3')
  })

  test('none is taken that is not allowed', () => {
    expect(encodeText('Ж', { alphabets: ['gsm', 'latin1', 'ascii'] })).toBeUndefined()
    expect(encodeText('\ud800', { defaultAlphabet: 'utf8', alphabets: ['utf8'] })).toBeUndefined()
  })

  test('nor one that no data_coding says to this peer', () => {
    expect(chosen('a', { defaultAlphabet: 'latin1', alphabets: ['gsm', 'latin1'] })).toBe(
      'latin1 0',
    )
    expect(chosen('ç', { alphabets: ['utf8', 'ucs2'] })).toBe('ucs2 8')
  })
})

test.each([
  ['ascii', 'a', 'ascii 0'],
  ['ascii', 'é', 'ucs2 8'],
  ['latin1', 'é', 'latin1 0'],
  ['utf8', 'Ж', 'utf8 0'],
  ['ucs2', 'a', 'ucs2 0'],
  ['gsmPacked', 'a', 'gsmPacked 0'],
] as const)('where data_coding 0 is %s, %j goes as %s', (defaultAlphabet, text, expected) => {
  expect(chosen(text, { defaultAlphabet })).toBe(expected)
})

describe('decoding gives back the text', () => {
  const characters = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom(...'aZ@é€[]\n\r£_ÀçЖ😀\0\x1b`') }),
  )

  test.each(ALPHABETS)('of %s where that has it', (alphabet) => {
    const options = { defaultAlphabet: alphabet, alphabets: [alphabet] }
    fc.assert(
      fc.property(characters, (text) => {
        // UCS-2 that begins with U+FEFF has a byte order mark, packed septets that end in CR have
        // padding where that ends an octet.
        fc.pre(!text.startsWith('\ufeff') && !(alphabet === 'gsmPacked' && text.endsWith('\r')))
        const encoded = encodeText(text, options)
        fc.pre(encoded !== undefined)
        const { data_coding, short_message: octets } = encoded
        expect(decodeText(data_coding, octets, { defaultAlphabet: alphabet })).toBe(text)
      }),
      { maxSkipsPerRun: 1_000 },
    )
  })

  test('of whatever was chosen', () => {
    const allowed = fc.subarray(
      ALPHABETS.filter((alphabet) => alphabet !== 'ucs2'),
      { minLength: 1 },
    )
    fc.assert(
      fc.property(
        characters,
        fc.constantFrom(...ALPHABETS),
        allowed,
        fc.constantFrom('cheapest' as const, 'first' as const),
        (text, defaultAlphabet, alphabets, choice) => {
          fc.pre(!text.startsWith('\ufeff') && !text.endsWith('\r'))
          const encoded = encodeText(text, {
            defaultAlphabet,
            alphabets: [...alphabets, 'ucs2'],
            choice,
          })
          expect(encoded).toBeDefined()
          if (!encoded) return
          expect(decodeText(encoded.data_coding, encoded.short_message, { defaultAlphabet })).toBe(
            text,
          )
        },
      ),
    )
  })
})
