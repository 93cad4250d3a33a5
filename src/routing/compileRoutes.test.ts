import { expect, test } from 'vitest'
import { compileRoutes } from './compileRoutes.ts'

test('the first rule that fits wins, not the longest', () => {
  const routeTo = compileRoutes(
    [
      { prefix: '31', connector: 'nl' },
      { prefix: '316', connector: 'nl-mobile' },
      { prefix: '44', connector: 'uk' },
    ],
    'rest',
  )
  expect(routeTo('31612345678')).toBe('nl')
  expect(routeTo('447700900123')).toBe('uk')
  expect(routeTo('33612345678')).toBe('rest')
})

test('a longer prefix that stands first takes its numbers', () => {
  const routeTo = compileRoutes(
    [
      { prefix: '316', connector: 'nl-mobile' },
      { prefix: '31', connector: 'nl' },
    ],
    undefined,
  )
  expect(routeTo('31612345678')).toBe('nl-mobile')
  expect(routeTo('31201234567')).toBe('nl')
  expect(routeTo('33612345678')).toBeUndefined()
})

test('of equal prefixes the first counts, and short destinations fit short prefixes only', () => {
  const routeTo = compileRoutes(
    [
      { prefix: '1', connector: 'a' },
      { prefix: '1', connector: 'b' },
      { prefix: '12345', connector: 'c' },
    ],
    undefined,
  )
  expect(routeTo('123')).toBe('a')
})
