import { expect, test } from 'vitest'
import { normaliseDestination } from './destination.ts'

test('a number in international form is reduced to its digits, with or without a plus', () => {
  expect(normaliseDestination('+31612345678')).toBe('31612345678')
  expect(normaliseDestination('31612345678')).toBe('31612345678')
})

test('any text that is not a number in international form gives undefined', () => {
  for (const bad of ['', 'shop', '0612345678', '+', '31 6', '12', '1'.repeat(21), '31612345678a'])
    expect(normaliseDestination(bad)).toBeUndefined()
})
