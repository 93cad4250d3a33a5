import { expect, test } from 'vitest'
import {
  NETWORK_ERROR_TYPE,
  networkErrorCodeOctets,
  readNetworkErrorCode,
} from './networkErrorCode.ts'

test('a network_error_code with a 16-bit code is the same after encoding and decoding', () => {
  const octets = networkErrorCodeOctets({ type: NETWORK_ERROR_TYPE.GSM, code: 0x0401 })
  expect(octets.toString('hex')).toBe('030401')
  expect(readNetworkErrorCode(octets)).toEqual({ type: 3, code: 1025 })
  expect(readNetworkErrorCode(Buffer.of(3, 4))).toBeUndefined()
  expect(() => networkErrorCodeOctets({ type: 3, code: 0x10000 })).toThrow(RangeError)
})
