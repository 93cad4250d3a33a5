import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fillBitsAfter, packSeptets, unpackSeptets } from './packSeptets.ts'

const septet = fc.nat({ max: 0x7f })

test('septets are packed into seven bits each, starting at the lowest bit', () => {
  expect(packSeptets(Buffer.from('hellohello')).toString('hex')).toBe('e8329bfd4697d9ec37')
  expect(unpackSeptets(Buffer.from('e8329bfd4697d9ec37', 'hex')).toString()).toBe('hellohello')
})

test('any septets after any fill bits are the same after packing and unpacking', () => {
  fc.assert(
    fc.property(fc.array(septet, { maxLength: 200 }), fc.nat({ max: 6 }), (codes, fillBits) => {
      const septets = Buffer.from(codes)
      const packed = packSeptets(septets, { fillBits })
      expect(packed).toHaveLength(Math.ceil((fillBits + 7 * codes.length) / 8))
      expect(unpackSeptets(packed, { fillBits, count: codes.length })).toEqual(septets)
    }),
  )
})

test('padded septets that do not end in CR can be unpacked without their count', () => {
  fc.assert(
    fc.property(fc.array(septet, { maxLength: 200 }), fc.nat({ max: 6 }), (codes, fillBits) => {
      fc.pre(codes.at(-1) !== 0x0d)
      const packed = packSeptets(Buffer.from(codes), { fillBits, padWithCr: true })
      expect(unpackSeptets(packed, { fillBits })).toEqual(Buffer.from(codes))
    }),
  )
})

test('without padding, seven septets are unpacked with an extra @', () => {
  const seven = Buffer.from('abcdefg')
  expect(unpackSeptets(packSeptets(seven)).toString('latin1')).toBe('abcdefg\0')
  expect(unpackSeptets(packSeptets(seven, { padWithCr: true })).toString()).toBe('abcdefg')
})

test('any octets can be unpacked to septets below 128', () => {
  const anyCount = fc.option(fc.nat({ max: 300 }), { nil: undefined })
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat({ max: 9 }), anyCount, (octets, fillBits, count) => {
      const options = count === undefined ? { fillBits } : { fillBits, count }
      for (const code of unpackSeptets(Buffer.from(octets), options)) expect(code).toBeLessThan(128)
    }),
  )
})

describe('the number of fill bits before the next septet boundary', () => {
  test.each([
    [0, 0],
    [4, 3],
    [6, 1],
    [7, 0],
    [9, 5],
    [12, 2],
  ])('after a header of %s octets is %s', (udhOctets, bits) => {
    expect(fillBitsAfter(udhOctets)).toBe(bits)
  })
})
