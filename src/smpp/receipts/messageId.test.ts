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

describe('a rule says which ids are the same', () => {
  test.each([
    ['exactly', {}, 'abc', 'abc', true],
    ['not in another case', {}, 'ABC', 'abc', false],
    ['ignoring case', { ignoreCase: true }, 'aBc-D', 'AbC-d', true],
    ['not without its zeros', {}, '00B8', 'B8', false],
    ['ignoring zeros', { ignoreLeadingZeros: true }, '00B8', '0B8', true],
    ['ignoring zeros alone', { ignoreLeadingZeros: true }, '00B8', 'b8', false],
    ['both', { ignoreLeadingZeros: true, ignoreCase: true }, '00B8', 'b8', true],
    ['zeros, all of them', { ignoreLeadingZeros: true }, '000', '0', true],
    ['hexadecimal and then decimal', HEX_TO_DECIMAL, '39F99dd5', '0972660181', true],
    ['decimal and then hexadecimal', DECIMAL_TO_HEX, '972660181', '39f99dd5', true],
    ['beyond 2^53', HEX_TO_DECIMAL, 'ffffffffffffffff', '18446744073709551615', true],
    ['and not its neighbour', HEX_TO_DECIMAL, 'ffffffffffffffff', '18446744073709551614', false],
    ['equal ids that are no numbers', HEX_TO_DECIMAL, 'abc-7', 'abc-7', true],
    ['equal ids that one side reads as a number', HEX_TO_DECIMAL, 'abc', 'abc', true],
  ] as const)('%s: %o: %s and %s', (_, rule, responseId, receiptId, expected) => {
    expect(isSameMessageId(responseId, receiptId, rule)).toBe(expected)
  })
})

describe('candidates to look up', () => {
  test.each([
    ['no rule', {}, 'aB', ['aB']],
    ['case', { ignoreCase: true }, 'aB', ['aB', 'ab', 'AB']],
    ['zeros', { ignoreLeadingZeros: true }, '0B8', ['0B8', 'B8', '000000B8', '00000000B8']],
    [
      'decimal to hexadecimal',
      HEX_TO_DECIMAL,
      '0000000255',
      ['0000000255', 'ff', 'FF', '000000ff', '000000FF', '00000000ff', '00000000FF'],
    ],
    ['hexadecimal to decimal', DECIMAL_TO_HEX, 'ff', ['ff', '255', '00000255', '0000000255']],
    ['no number', HEX_TO_DECIMAL, 'ff', ['ff']],
  ] as const)('by %s', (_, rule, receiptId, expected) => {
    expect(messageIdCandidates(receiptId, rule)).toEqual(expected)
  })

  test('are few and of the same message, whatever the id and the rule', () => {
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

  test('of an SMSC that writes decimal what it answered in hexadecimal include that', () => {
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

  test('of an id longer than any message_id are the id itself', () => {
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
