import { expect, test } from 'vitest'
import { compileRoutes, type RouteRule } from './compileRoutes.ts'

/**
 * Returns a function that gives the id of the chosen connector, or the reason why no connector was
 * chosen.
 */
function chooser(rules: RouteRule[], byDefault?: string, disabled: readonly string[] = []) {
  const routeTo = compileRoutes(rules, byDefault, (connector) => !disabled.includes(connector))
  return (destination: string) => {
    const choice = routeTo(destination)
    return choice.kind === 'connector' ? choice.connector : choice.kind
  }
}

test('the first matching rule is used, even if a later rule has a longer prefix', () => {
  const routeTo = chooser(
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

test('a longer prefix is used if it comes before a shorter one', () => {
  const routeTo = chooser([
    { prefix: '316', connector: 'nl-mobile' },
    { prefix: '31', connector: 'nl' },
  ])
  expect(routeTo('31612345678')).toBe('nl-mobile')
  expect(routeTo('31201234567')).toBe('nl')
  expect(routeTo('33612345678')).toBe('noRoute')
})

test('the first of two equal prefixes is used, and a prefix longer than the number is not', () => {
  const routeTo = chooser([
    { prefix: '1', connector: 'a' },
    { prefix: '1', connector: 'b' },
    { prefix: '12345', connector: 'c' },
  ])
  expect(routeTo('123')).toBe('a')
})

const CANDIDATES: RouteRule[] = [
  { prefix: '316', connector: 'first' },
  { prefix: '31', connector: 'second' },
  { prefix: '31', connector: 'third' },
]

test('unusable connectors are skipped, and the next match or the default is used', () => {
  const via = (...disabled: string[]) => chooser(CANDIDATES, 'rest', disabled)('31612345678')
  expect(via('first')).toBe('second')
  expect(via('first', 'second')).toBe('third')
  expect(via('first', 'second', 'third')).toBe('rest')
})

test('unusable candidates alone give "unusable", and a lack of candidates gives "noRoute"', () => {
  const all = ['first', 'second', 'third', 'rest']
  expect(chooser(CANDIDATES, 'rest', all)('31612345678')).toBe('unusable')
  expect(chooser(CANDIDATES, 'rest', all)('44123456789')).toBe('unusable')
  expect(chooser(CANDIDATES, undefined, all)('31612345678')).toBe('unusable')
  expect(chooser(CANDIDATES, undefined, all)('44123456789')).toBe('noRoute')
})
