import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Alphabet } from './dataCoding.ts'
import { decodeText } from './decodeText.ts'
import { encodeText, type EncodeOptions } from './encodeText.ts'

const ALPHABETS: readonly Alphabet[] = ['gsm', 'gsmPacked', 'ascii', 'latin1', 'ucs2', 'utf8']

describe('without options', () => {
  test('text is encoded in GSM 03.38 if the alphabet has every character', () => {
    const short_message = Buffer.from('611b65', 'hex')
    expect(encodeText('a€')).toEqual({ data_coding: 0, short_message, alphabet: 'gsm' })
  })

  test('text with a character that GSM lacks is encoded in UTF-16 big endian', () => {
    const short_message = Buffer.from('0416d83dde00', 'hex')
    expect(encodeText('Ж😀')).toEqual({ data_coding: 8, short_message, alphabet: 'ucs2' })
  })
})

function chosen(text: string, options: EncodeOptions): string | undefined {
  const encoded = encodeText(text, options)
  return encoded && `${encoded.alphabet} ${encoded.data_coding}`
}

describe('among the allowed alphabets, encodeText chooses', () => {
  const all: readonly Alphabet[] = ['gsm', 'latin1', 'ucs2']

  test.each([
    ['the one with the fewest parts: Latin-1 for 153 brackets', '['.repeat(153), 'latin1 3'],
    ['the one with the fewest parts: GSM for 160 letters', 'a'.repeat(160), 'gsm 0'],
    ['the one with the fewest octets if all need the same parts', 'a[]', 'latin1 3'],
    ['the first one if all need the same parts and octets', 'ab', 'gsm 0'],
    ['only an alphabet that has every character', 'ç', 'latin1 3'],
    ['UCS-2 if no other has every character', 'Ж', 'ucs2 8'],
  ])('%s', (_, text, expected) => {
    expect(chosen(text, { alphabets: all })).toBe(expected)
  })

  test('the first one that has every character if the option choice is "first"', () => {
    expect(chosen('a[]', { alphabets: all, choice: 'first' })).toBe('gsm 0')
    expect(chosen('ç', { alphabets: all, choice: 'first' })).toBe('latin1 3')
  })

  test('no alphabet, and returns undefined, if each of them lacks a character', () => {
    expect(encodeText('Ж', { alphabets: ['gsm', 'latin1', 'ascii'] })).toBeUndefined()
    expect(encodeText('\ud800', { defaultAlphabet: 'utf8', alphabets: ['utf8'] })).toBeUndefined()
  })

  test('only an alphabet that has a data_coding on this connection', () => {
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
] as const)('if data_coding 0 means %s, %j is encoded as %s', (defaultAlphabet, text, expected) => {
  expect(chosen(text, { defaultAlphabet })).toBe(expected)
})

describe('an encoded text is the same after decoding', () => {
  const characters = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom(...'aZ@é€[]\n\r£_ÀçЖ😀\0\x1b`') }),
  )

  test.each(ALPHABETS)('if it was encoded in %s', (alphabet) => {
    const options = { defaultAlphabet: alphabet, alphabets: [alphabet] }
    fc.assert(
      fc.property(characters, (text) => {
        // In two cases, a character is lost: U+FEFF at the start of UCS-2 is read as a byte order
        // mark, and CR at the end of packed septets is read as padding.
        fc.pre(!text.startsWith('\ufeff') && !(alphabet === 'gsmPacked' && text.endsWith('\r')))
        const encoded = encodeText(text, options)
        fc.pre(encoded !== undefined)
        const { data_coding, short_message: octets } = encoded
        expect(decodeText(data_coding, octets, { defaultAlphabet: alphabet })).toBe(text)
      }),
      { maxSkipsPerRun: 1_000 },
    )
  })

  test('if it was encoded in the chosen alphabet', () => {
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
