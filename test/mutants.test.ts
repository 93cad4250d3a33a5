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
    `${file} holds this 0 times, not once. Bring its mutant`,
  )
  expect(() => mutated(piece + piece, mutant)).toThrow(`${file} holds this 2 times`)
})
