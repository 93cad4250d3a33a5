import { expect, test } from 'vitest'
import { asError } from './asError.ts'

test('an error stays itself, and any other value becomes the text of one', () => {
  const error = new TypeError('no')
  expect(asError(error)).toBe(error)
  expect(asError('no').message).toBe('no')
  expect(asError(undefined).message).toBe('undefined')
})
