import { expect, test } from 'vitest'
import { asError } from './asError.ts'

test('an Error is returned unchanged, and any other value becomes the message of an Error', () => {
  const error = new TypeError('no')
  expect(asError(error)).toBe(error)
  expect(asError('no').message).toBe('no')
  expect(asError(undefined).message).toBe('undefined')
})
