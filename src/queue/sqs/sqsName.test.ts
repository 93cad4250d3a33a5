import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ownNameOf, sqsNameOf, unescapeName } from './sqsName.ts'

/** All strings, with lone surrogates. */
const anyName = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 120 })
  .map((units) => String.fromCharCode(...units))
/** Names from the characters of escapes and digests, in which a collision is most likely. */
const nastyName = fc.string({ unit: fc.constantFrom(...'_.-h5fu0ä'), maxLength: 120 })
const name = fc.oneof(anyName, nastyName)
const prefix = fc.string({ unit: fc.constantFrom(...'aZ0-'), minLength: 1, maxLength: 20 })

test('a name becomes a readable SQS name', () => {
  expect(sqsNameOf('prod', 'submit.nl.normal')).toBe('prod_submit__nl__normal')
  expect(sqsNameOf('prod', 'journal')).toBe('prod_journal')
  expect(sqsNameOf('prod', 'submit.a_b.ü')).toBe('prod_submit__a_5fb___u00fc')
})

test('a name that is too long keeps its beginning and ends with a digest', () => {
  const long = `submit.${'x'.repeat(100)}.normal`
  const other = `submit.${'x'.repeat(100)}.high`
  expect(sqsNameOf('prod', long)).toMatch(/^prod_submit__x{33}_h[0-9a-f]{32}$/)
  expect(sqsNameOf('prod', long)).toHaveLength(80)
  expect(sqsNameOf('prod', other)).not.toBe(sqsNameOf('prod', long))
})

test('every SQS name is legal', () => {
  fc.assert(
    fc.property(prefix, name, (start, queue) => {
      expect(sqsNameOf(start, queue)).toMatch(/^[A-Za-z0-9_-]{1,80}$/)
    }),
  )
})

test('a SQS name without a digest leads back to the only name that has it', () => {
  fc.assert(
    fc.property(prefix, name, (start, queue) => {
      const own = ownNameOf(start, sqsNameOf(start, queue))
      expect([{ kind: 'hashed' }, { kind: 'known', queue }]).toContainEqual(own)
    }),
  )
})

test('no two names or prefixes have the same SQS name', () => {
  const seen = new Map<string, string>()
  fc.assert(
    fc.property(prefix, name, (start, queue) => {
      const sqsName = sqsNameOf(start, queue)
      const origin = JSON.stringify([start, queue])
      expect(seen.get(sqsName) ?? origin).toBe(origin)
      seen.set(sqsName, origin)
    }),
    { numRuns: 2_000 },
  )
})

test('queues that this installation did not name are foreign', () => {
  for (const foreign of ['other_journal', 'prod', 'prod-eu_journal', 'prod_a_', 'prod_a_41'])
    expect(ownNameOf('prod', foreign)).toEqual({ kind: 'foreign' })
  expect(unescapeName('a_zz')).toBeUndefined()
})
