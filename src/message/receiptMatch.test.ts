import { expect, test } from 'vitest'
import { comparableNumber, isInTime, isSameNumber } from './receiptMatch.ts'

test.each([
  ['31612345678', '31612345678'],
  ['+31612345678', '31612345678'],
  ['0031612345678', '31612345678'],
  ['0612345678', '612345678'],
  ['+31 (6) 1234-56.78', '31612345678'],
  ['Signalbox', ''],
  ['3161234****', ''],
  ['', ''],
])('the comparable form of %j is %j', (address, expected) => {
  expect(comparableNumber(address)).toBe(expected)
})

test.each([
  ['31612345678', '31612345678', true],
  ['31612345678', '612345678', true],
  ['612345678', '31612345678', true],
  ['2345678', '31612345678', true],
  ['345678', '31612345678', false],
  ['12345', '12345', true],
  ['31612345678', '31612345679', false],
  ['31612345678', '49612345678', false],
  ['', '31612345678', true],
])('%j and %j are the same number: %s', (a, b, expected) => {
  expect(isSameNumber(a, b)).toBe(expected)
  expect(isSameNumber(b, a)).toBe(expected)
})

test('a receipt may match a message submitted up to five seconds after the receipt', () => {
  expect(isInTime(10_000, 10_000)).toBe(true)
  expect(isInTime(10_000, 5_000)).toBe(true)
  expect(isInTime(10_000, 4_999)).toBe(false)
})
