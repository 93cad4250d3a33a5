import { expect, test } from 'vitest'
import { normaliseDestination } from './destination.ts'

test('a number in international form is its digits, with or without the plus', () => {
  expect(normaliseDestination('+31612345678')).toBe('31612345678')
  expect(normaliseDestination('31612345678')).toBe('31612345678')
})

test('what is no number in international form is refused', () => {
  for (const bad of ['', 'shop', '0612345678', '+', '31 6', '12', '1'.repeat(21), '31612345678a'])
    expect(normaliseDestination(bad)).toBeUndefined()
})
