import { expect, test } from 'vitest'
import { QueryRefused } from '../database/database.ts'
import { PduError } from '../smpp/index.ts'
import { doesHarm } from './doesHarm.ts'

test.each([
  ['21000', true],
  ['22021', true],
  ['22008', true],
  ['23502', true],
  ['44000', true],
  ['54000', true],
  ['08006', false],
  ['0A000', false],
  ['25P02', false],
  ['40001', false],
  ['40P01', false],
  ['42703', false],
  ['42P01', false],
  ['53100', false],
  ['55P03', false],
  ['57014', false],
  ['58030', false],
  ['XX000', false],
])('doesHarm() of an error with SQLSTATE %s returns %s', (sqlState, isHarm) => {
  expect(doesHarm(new QueryRefused('refused', sqlState, { cause: undefined }))).toBe(isHarm)
})

test('doesHarm() returns true for an encoding error and false for an unknown error', () => {
  expect(doesHarm(new PduError(1, 'short_message', 'too long'))).toBe(true)
  expect(doesHarm(new Error('anything'))).toBe(false)
})
