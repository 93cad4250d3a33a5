import { expect, test } from 'vitest'
import { upstreamId } from './ids.ts'
import { carriedId, upstreamIdKey, type UpstreamIdRule } from './upstreamIdKey.ts'

const HEX_TO_DECIMAL: UpstreamIdRule = { response: 'hex', receipt: 'decimal' }

test.each([
  ['exactly', {}, '0A', '0A', true],
  ['exactly', {}, '0A', '0a', false],
  ['in any case', { ignoreCase: true }, '0A', '0a', true],
  ['without zeros', { ignoreLeadingZeros: true }, '0017', '17', true],
  ['as numbers', HEX_TO_DECIMAL, '1F', '0000000031', true],
  ['as numbers', HEX_TO_DECIMAL, '1F', '30', false],
] as const)('comparing ids %s with rule %o: %s and %s', (_, rule, response, receipt, expected) => {
  const stored = upstreamIdKey(carriedId(upstreamId(response), 'response', rule, 1))
  const lookedUp = upstreamIdKey(carriedId(upstreamId(receipt), 'receipt', rule, 1))
  expect(stored === lookedUp).toBe(expected)
})

test('with perBind, the same id on two binds identifies two messages', () => {
  const keyOn = (slot: number) =>
    upstreamIdKey(carriedId(upstreamId('7'), 'receipt', { perBind: true }, slot))
  expect(keyOn(1)).toBe(keyOn(1))
  expect(keyOn(1)).not.toBe(keyOn(2))
})

test('an empty id has an empty key under every rule', () => {
  for (const rule of [{}, { perBind: true }, HEX_TO_DECIMAL])
    expect(upstreamIdKey(carriedId(upstreamId(''), 'receipt', rule, 1))).toBe('')
})
