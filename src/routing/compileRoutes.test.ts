import { expect, test } from 'vitest'
import { compileRoutes, type RouteRule } from './compileRoutes.ts'

/** Answers the connector's id, or why there is no connector. */
function chooser(rules: RouteRule[], byDefault?: string, disabled: readonly string[] = []) {
  const routeTo = compileRoutes(rules, byDefault, (connector) => !disabled.includes(connector))
  return (destination: string) => {
    const choice = routeTo(destination)
    return choice.kind === 'connector' ? choice.connector : choice.kind
  }
}

test('the first rule that fits wins, not the longest', () => {
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

test('a longer prefix that stands first takes its numbers', () => {
  const routeTo = chooser([
    { prefix: '316', connector: 'nl-mobile' },
    { prefix: '31', connector: 'nl' },
  ])
  expect(routeTo('31612345678')).toBe('nl-mobile')
  expect(routeTo('31201234567')).toBe('nl')
  expect(routeTo('33612345678')).toBe('noRoute')
})

test('of equal prefixes the first counts, and short destinations fit short prefixes only', () => {
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

test('a connector that cannot be used is passed over for the next match, then the default', () => {
  const via = (...disabled: string[]) => chooser(CANDIDATES, 'rest', disabled)('31612345678')
  expect(via('first')).toBe('second')
  expect(via('first', 'second')).toBe('third')
  expect(via('first', 'second', 'third')).toBe('rest')
})

test('a destination whose every candidate is unusable is told from one without any', () => {
  const all = ['first', 'second', 'third', 'rest']
  expect(chooser(CANDIDATES, 'rest', all)('31612345678')).toBe('unusable')
  expect(chooser(CANDIDATES, 'rest', all)('44123456789')).toBe('unusable')
  expect(chooser(CANDIDATES, undefined, all)('31612345678')).toBe('unusable')
  expect(chooser(CANDIDATES, undefined, all)('44123456789')).toBe('noRoute')
})
