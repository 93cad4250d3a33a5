import { describe, expect, test } from 'vitest'
import * as smpp from '../../index.ts'

const NAMED = Object.entries(smpp).filter(([name]) => /^[A-Z_0-9]+$/.test(name))

/** Every table of values that the library exports: NAME: number, or NAME: text of service_type. */
const TABLES = NAMED.flatMap(([name, table]): [string, Record<string, number | string>][] =>
  !['NO_SHIFTS', 'DEFAULT_TIMERS', 'DEFAULT_LIMITS'].includes(name) && isTableOfValues(table)
    ? [[name, { ...table }]]
    : [],
)

/** TLVs, alphabets and styles of receipts are tables of other things. */
function isTableOfValues(table: unknown): table is Record<string, number | string> {
  if (typeof table !== 'object' || table === null) return false
  return Object.values(table).every((value) => ['number', 'string'].includes(typeof value))
}

test('there is a table for each kind of value', () => {
  expect(TABLES.length).toBeGreaterThan(30)
})

describe.each(TABLES)('%s', (_, table) => {
  test('has no two names for one value', () => {
    const values = Object.values(table)
    expect(new Set(values).size).toBe(values.length)
  })

  test('has values that fit their field', () => {
    for (const value of Object.values(table)) {
      if (typeof value === 'string') expect(value.length).toBeLessThanOrEqual(5)
      else expect([value]).toContain(Number(value) & 0xff)
    }
  })
})

test.each([
  [smpp.MESSAGING_MODE, smpp.MESSAGING_MODE_MASK],
  [smpp.MESSAGE_TYPE, smpp.MESSAGE_TYPE_MASK],
  [smpp.RECEIPT_REQUEST, smpp.RECEIPT_REQUEST_MASK],
])('parts of a field lie within their mask', (values, mask) => {
  for (const value of Object.values(values)) expect(value & ~mask).toBe(0)
})

test('the parts of esm_class share no bit', () => {
  const { MESSAGING_MODE_MASK, MESSAGE_TYPE_MASK, MESSAGE_FEATURE } = smpp
  const features = MESSAGE_FEATURE.USER_DATA_HEADER | MESSAGE_FEATURE.REPLY_PATH
  expect(MESSAGING_MODE_MASK | MESSAGE_TYPE_MASK | features).toBe(0xff)
  expect(MESSAGING_MODE_MASK & MESSAGE_TYPE_MASK).toBe(0)
})
