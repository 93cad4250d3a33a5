import { expect, test } from 'vitest'
import { receiptError } from './receiptError.ts'

test.each([
  ['', undefined, '000'],
  ['000', undefined, '000'],
  ['0', undefined, '000'],
  ['34', undefined, '034'],
  ['0034', undefined, '034'],
  ['1111', undefined, '999'],
  ['21b', undefined, '21b'],
  ['a', undefined, '00a'],
  ['ESME_RSUBMITFAIL', 0x45, '069'],
  ['5 attempts were refused', 0x58, '088'],
  ['vendor', 0x0400, '999'],
  ['the link was lost before the answer', 0, '999'],
  ['the link was lost before the answer', undefined, '999'],
])('the error %j with command_status %s becomes %s', (error, commandStatus, expected) => {
  expect(receiptError(error, commandStatus)).toBe(expected)
})

test("an account's own codes override the default codes", () => {
  const errors = { ESME_RSUBMITFAIL: 'SUB', '034': '001', '': '0k0' }
  expect(receiptError('ESME_RSUBMITFAIL', 0x45, errors)).toBe('SUB')
  expect(receiptError('034', undefined, errors)).toBe('001')
  expect(receiptError('', undefined, errors)).toBe('0k0')
  expect(receiptError('constructor', undefined, errors)).toBe('999')
})
