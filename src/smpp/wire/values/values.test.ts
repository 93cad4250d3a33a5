import { describe, expect, test } from 'vitest'
import * as smpp from '../../index.ts'

const NAMED = Object.entries(smpp).filter(([name]) => /^[A-Z_0-9]+$/.test(name))

/** Every exported table of values. The values are numbers, or texts in the case of SERVICE_TYPE. */
const TABLES = NAMED.flatMap(([name, table]): [string, Record<string, number | string>][] =>
  !['NO_SHIFTS', 'DEFAULT_TIMERS', 'DEFAULT_LIMITS'].includes(name) && isTableOfValues(table)
    ? [[name, { ...table }]]
    : [],
)

/** Other exported tables hold objects: TLVs, alphabets and styles of receipts. */
function isTableOfValues(table: unknown): table is Record<string, number | string> {
  if (typeof table !== 'object' || table === null) return false
  return Object.values(table).every((value) => ['number', 'string'].includes(typeof value))
}

test('the library exports more than 30 tables of values', () => {
  expect(TABLES.length).toBeGreaterThan(30)
})

describe.each(TABLES)('%s', (_, table) => {
  test('has no two names for one value', () => {
    const values = Object.values(table)
    expect(new Set(values).size).toBe(values.length)
  })

  test('has only values that fit into one octet, or texts of at most five characters', () => {
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
])('the values of a part of a field have no bits outside its mask', (values, mask) => {
  for (const value of Object.values(values)) expect(value & ~mask).toBe(0)
})

test('the parts of esm_class share no bit', () => {
  const { MESSAGING_MODE_MASK, MESSAGE_TYPE_MASK, MESSAGE_FEATURE } = smpp
  const features = MESSAGE_FEATURE.USER_DATA_HEADER | MESSAGE_FEATURE.REPLY_PATH
  expect(MESSAGING_MODE_MASK | MESSAGE_TYPE_MASK | features).toBe(0xff)
  expect(MESSAGING_MODE_MASK & MESSAGE_TYPE_MASK).toBe(0)
})
