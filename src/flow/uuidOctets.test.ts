import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UUID_OCTETS, writeUuid } from './uuidOctets.ts'

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i

test('writeUuid writes the hexadecimal digits of a UUID in upper or lower case', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.boolean(), fc.nat(3), (id, isUpper, at) => {
      const into = Buffer.alloc(UUID_OCTETS + 4, 0xee)
      expect(writeUuid(into, isUpper ? id.toUpperCase() : id, at)).toBe(true)
      expect(into.toString('hex', at, at + UUID_OCTETS)).toBe(id.replaceAll('-', ''))
      expect(into.subarray(at + UUID_OCTETS).every((octet) => octet === 0xee)).toBe(true)
    }),
  )
})

test('writeUuid returns true if and only if the text is a UUID', () => {
  const unit = fc.constantFrom(...'0aF-gÿ '.split(''))
  const changed = fc
    .tuple(fc.uuid(), fc.array(fc.tuple(fc.nat(36), unit), { maxLength: 4 }))
    .map(([id, changes]) => changes.reduce((text, [at, character]) => put(text, at, character), id))
  fc.assert(
    fc.property(fc.oneof(changed, fc.string({ maxLength: 40 })), (text) => {
      expect(writeUuid(Buffer.alloc(UUID_OCTETS), text, 0)).toBe(UUID.test(text))
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  '-12-3456-90ab-7def-8000-0123456789ab',
  '12345678-90ab-7def-8000--12-45678901',
  '12345678_90ab-7def-8000-0123456789ab',
  '',
])('writeUuid returns false for %j', (text) => {
  expect(writeUuid(Buffer.alloc(UUID_OCTETS), text, 0)).toBe(false)
})

function put(text: string, at: number, character: string): string {
  return text.slice(0, at) + character + text.slice(at + 1)
}
