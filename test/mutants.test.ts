// The mutants of `npm run prove -- mutants` take a mechanism out by an exact piece of source: one
// that moved on is found here, before the next proof.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mutated } from '../bench/mutant.ts'
import { MUTANTS } from '../bench/mutants.ts'
import { root } from '../scripts/runStep.ts'

test.each(MUTANTS)('$name: the piece of source it changes is there once', (mutant) => {
  const text = readFileSync(join(root, mutant.file), 'utf8')
  expect(mutated(text, mutant)).toContain(mutant.replacement)
})

test('a piece that is gone or there twice is an error that says what to do', () => {
  const [mutant] = MUTANTS
  if (!mutant) throw new Error('there are no mutants')
  const { file, piece } = mutant
  expect(() => mutated('', mutant)).toThrow(
    `${file} holds this 0 times, not once. Bring its mutant`,
  )
  expect(() => mutated(piece + piece, mutant)).toThrow(`${file} holds this 2 times`)
})
