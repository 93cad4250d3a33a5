import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isSameMessageId,
  messageIdCandidates,
  messageIdKey,
  type MessageIdRule,
} from './messageId.ts'

const HEX_TO_DECIMAL: MessageIdRule = { response: 'hex', receipt: 'decimal' }
const DECIMAL_TO_HEX: MessageIdRule = { response: 'decimal', receipt: 'hex' }

describe('a rule determines whether two ids are the same:', () => {
  test.each([
    ['equal ids', {}, 'abc', 'abc', true],
    ['another case', {}, 'ABC', 'abc', false],
    ['another case', { ignoreCase: true }, 'aBc-D', 'AbC-d', true],
    ['fewer zeros', {}, '00B8', 'B8', false],
    ['fewer zeros', { ignoreLeadingZeros: true }, '00B8', '0B8', true],
    ['another case', { ignoreLeadingZeros: true }, '00B8', 'b8', false],
    ['another case and zeros', { ignoreLeadingZeros: true, ignoreCase: true }, '00B8', 'b8', true],
    ['only zeros', { ignoreLeadingZeros: true }, '000', '0', true],
    ['hexadecimal and decimal', HEX_TO_DECIMAL, '39F99dd5', '0972660181', true],
    ['decimal and hexadecimal', DECIMAL_TO_HEX, '972660181', '39f99dd5', true],
    ['above 2^53', HEX_TO_DECIMAL, 'ffffffffffffffff', '18446744073709551615', true],
    ['not equal above 2^53', HEX_TO_DECIMAL, 'ffffffffffffffff', '18446744073709551614', false],
    ['equal ids that are not numbers', HEX_TO_DECIMAL, 'abc-7', 'abc-7', true],
    ['equal ids, one of them a number', HEX_TO_DECIMAL, 'abc', 'abc', true],
  ] as const)('%s, with rule %o: %s and %s: %s', (_, rule, responseId, receiptId, expected) => {
    expect(isSameMessageId(responseId, receiptId, rule)).toBe(expected)
  })
})

describe('the candidates for the id of a receipt', () => {
  test.each([
    ['without a rule', {}, 'aB', ['aB']],
    ['ignoring case', { ignoreCase: true }, 'aB', ['aB', 'ab', 'AB']],
    [
      'ignoring zeros',
      { ignoreLeadingZeros: true },
      '0B8',
      ['0B8', 'B8', '000000B8', '00000000B8'],
    ],
    [
      'converting decimal to hexadecimal',
      HEX_TO_DECIMAL,
      '0000000255',
      ['0000000255', 'ff', 'FF', '000000ff', '000000FF', '00000000ff', '00000000FF'],
    ],
    [
      'converting hexadecimal to decimal',
      DECIMAL_TO_HEX,
      'ff',
      ['ff', '255', '00000255', '0000000255'],
    ],
    ['converting an id that is not a number', HEX_TO_DECIMAL, 'ff', ['ff']],
  ] as const)('%s', (_, rule, receiptId, expected) => {
    expect(messageIdCandidates(receiptId, rule)).toEqual(expected)
  })

  test('are at most 12 and match the id, whatever the id and the rule', () => {
    const notation = fc.constantFrom('hex' as const, 'decimal' as const)
    const rule = fc.record(
      {
        ignoreCase: fc.boolean(),
        ignoreLeadingZeros: fc.boolean(),
        response: notation,
        receipt: notation,
      },
      { requiredKeys: [] },
    )
    const id = fc.oneof(fc.stringMatching(/^0{0,3}[0-9a-fA-F]{1,20}$/), fc.string())
    fc.assert(
      fc.property(id, rule, (receiptId, given) => {
        const candidates = messageIdCandidates(receiptId, given)
        expect(candidates.slice(0, 1)).toEqual(receiptId === '' ? [] : [receiptId])
        expect(candidates.length).toBeLessThanOrEqual(12)
        for (const candidate of candidates)
          expect(isSameMessageId(candidate, receiptId, given)).toBe(true)
      }),
    )
  })

  test('include the hexadecimal id of the response if the receipt has it in decimal', () => {
    const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    fc.assert(
      fc.property(number, fc.constantFrom(1, 8, 10), fc.boolean(), (value, width, upper) => {
        const hex = value.toString(16).padStart(width, '0')
        const responseId = upper ? hex.toUpperCase() : hex
        const receiptId = value.toString().padStart(10, '0')
        expect(messageIdCandidates(receiptId, HEX_TO_DECIMAL)).toContain(responseId)
        const keys = [
          messageIdKey(responseId, 'response', HEX_TO_DECIMAL),
          messageIdKey(receiptId, 'receipt', HEX_TO_DECIMAL),
        ]
        expect(keys[0]).toBe(keys[1])
      }),
    )
  })

  test('are only the id itself if it is longer than a message_id can be', () => {
    const long = '1'.repeat(65_000)
    expect(messageIdCandidates(long, { ...HEX_TO_DECIMAL, ignoreCase: true })).toEqual([long])
    expect(messageIdKey(long, 'receipt', HEX_TO_DECIMAL)).toBe(long)
  })
})

test.each(['01\u00b5', '\u00df1', '1\u00ff'])('each candidate for %s matches it', (id) => {
  const rule = { ignoreCase: true }
  const candidates = messageIdCandidates(id, rule)
  expect(candidates.filter((one) => !isSameMessageId(one, id, rule))).toEqual([])
  expect(candidates).toEqual([id])
})
