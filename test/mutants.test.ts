// Each mutant of `npm run prove -- mutants` disables a mechanism by replacing an exact piece of
// source text. These tests find mutants whose piece has changed, before the next proof runs.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mutated } from '../bench/mutant.ts'
import { MUTANTS } from '../bench/mutants.ts'
import { root } from '../scripts/runStep.ts'

test.each(MUTANTS)('$name: the piece of source that it replaces occurs exactly once', (mutant) => {
  const text = readFileSync(join(root, mutant.file), 'utf8')
  expect(mutated(text, mutant)).toContain(mutant.replacement)
})

test('a missing or repeated piece causes an error that says what to do', () => {
  const [mutant] = MUTANTS
  if (!mutant) throw new Error('there are no mutants')
  const { file, piece } = mutant
  expect(() => mutated('', mutant)).toThrow(
    `${file} must contain this text once, but contains it 0 times. Update its mutant`,
  )
  expect(() => mutated(piece + piece, mutant)).toThrow(
    `${file} must contain this text once, but contains it 2 times`,
  )
})

test.each(MUTANTS)('$name: its guard is the name of a test', ({ guard }) => {
  const text = readFileSync(join(root, guard.file), 'utf8')
  const names = [...text.matchAll(STRING)].map(([, , name = '']) => name.replaceAll(/\\(.)/g, '$1'))
  const found = names.filter((name) => namePattern(name).test(guard.test))
  expect(found, `a test of ${guard.file} named "${guard.test}"`).not.toEqual([])
})

/** A string in the source of a test. */
const STRING = /(['"`])((?:\\.|(?!\1)[^\\\n])*)\1/g

/** `%s`, `%j`, `$name` and the like in the name of a `test.each` stand for a value of the case. */
function namePattern(name: string): RegExp {
  const parts = name
    .split(/%[sdijfo]|\$[a-z][\w.]*/i)
    .map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
  return new RegExp(`^${parts.join('.+')}$`)
}
