import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fillBitsAfter, packSeptets, unpackSeptets } from './packSeptets.ts'

const septet = fc.nat({ max: 0x7f })

test('seven bits each, the first in the lowest bits', () => {
  expect(packSeptets(Buffer.from('hellohello')).toString('hex')).toBe('e8329bfd4697d9ec37')
  expect(unpackSeptets(Buffer.from('e8329bfd4697d9ec37', 'hex')).toString()).toBe('hellohello')
})

test('packed and unpacked agree for any septets behind any fill bits', () => {
  fc.assert(
    fc.property(fc.array(septet, { maxLength: 200 }), fc.nat({ max: 6 }), (codes, fillBits) => {
      const septets = Buffer.from(codes)
      const packed = packSeptets(septets, { fillBits })
      expect(packed).toHaveLength(Math.ceil((fillBits + 7 * codes.length) / 8))
      expect(unpackSeptets(packed, { fillBits, count: codes.length })).toEqual(septets)
    }),
  )
})

test('with padding the octets alone say what the septets are, but for a CR on their edge', () => {
  fc.assert(
    fc.property(fc.array(septet, { maxLength: 200 }), fc.nat({ max: 6 }), (codes, fillBits) => {
      fc.pre(codes.at(-1) !== 0x0d)
      const packed = packSeptets(Buffer.from(codes), { fillBits, padWithCr: true })
      expect(unpackSeptets(packed, { fillBits })).toEqual(Buffer.from(codes))
    }),
  )
})

test('seven septets leave room for an @, which padding makes a CR', () => {
  const seven = Buffer.from('abcdefg')
  expect(unpackSeptets(packSeptets(seven)).toString('latin1')).toBe('abcdefg\0')
  expect(unpackSeptets(packSeptets(seven, { padWithCr: true })).toString()).toBe('abcdefg')
})

test('any octets are septets, as many as are there', () => {
  const anyCount = fc.option(fc.nat({ max: 300 }), { nil: undefined })
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat({ max: 9 }), anyCount, (octets, fillBits, count) => {
      const options = count === undefined ? { fillBits } : { fillBits, count }
      for (const code of unpackSeptets(Buffer.from(octets), options)) expect(code).toBeLessThan(128)
    }),
  )
})

describe('fill bits bring text to a septet boundary', () => {
  test.each([
    [0, 0],
    [4, 3],
    [6, 1],
    [7, 0],
    [9, 5],
    [12, 2],
  ])('behind a header of %s octets: %s', (udhOctets, bits) => {
    expect(fillBitsAfter(udhOctets)).toBe(bits)
  })
})
