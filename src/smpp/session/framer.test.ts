import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Framer } from './framer.ts'

const MAX = 1000

function pduOf(body: Uint8Array): Buffer {
  const pdu = Buffer.concat([Buffer.alloc(16), body])
  pdu.writeUInt32BE(pdu.length, 0)
  return pdu
}

/** All PDUs found in the chunks, as hex, and the state of the framer after the last chunk. */
function framesOf(chunks: readonly Buffer[]): { frames: string[]; end: string } {
  const framer = new Framer(MAX)
  const frames: string[] = []
  let end = 'incomplete'
  for (const chunk of chunks) {
    framer.push(chunk)
    for (end = framer.next(); end === 'pdu'; end = framer.next())
      frames.push(framer.octets.toString('hex', framer.start, framer.end))
    if (end === 'broken') break
  }
  return { frames, end: framer.hasPartial && end === 'incomplete' ? 'partial' : end }
}

function split(octets: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((cut) => cut % (octets.length + 1)), octets.length]
  let start = 0
  return ends
    .toSorted((one, other) => one - other)
    .map((end) => octets.subarray(start, (start = end)))
}

const cuts = fc.array(fc.nat(), { maxLength: 12 })

describe('the framer', () => {
  test('finds the same PDUs wherever the chunks are cut', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: MAX - 16 }), { maxLength: 8 })
    fc.assert(
      fc.property(bodies, cuts, (list, at) => {
        const pdus = list.map(pduOf)
        expect(framesOf(split(Buffer.concat(pdus), at))).toEqual({
          frames: pdus.map((pdu) => pdu.toString('hex')),
          end: 'incomplete',
        })
      }),
    )
  })

  test('gives the same result for arbitrary octets wherever the chunks are cut', () => {
    const octets = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array))
    // Small lengths are written into the noise, because nearly all random lengths are impossible.
    const lengths = fc.array(fc.nat({ max: 64 }), { maxLength: 6 })
    fc.assert(
      fc.property(octets, lengths, cuts, (noise, places, at) => {
        for (const place of places)
          if (place + 4 <= noise.length) noise.writeUInt32BE(16 + place, place)
        expect(framesOf(split(noise, at))).toEqual(framesOf([noise]))
      }),
      { numRuns: 500 },
    )
  })

  test.each([0, 15, MAX + 1, 0x7fffffff, 0xffffffff])(
    'refuses a command_length of %i',
    (length) => {
      const octets = Buffer.alloc(4)
      octets.writeUInt32BE(length)
      expect(framesOf([octets]).end).toBe('broken')
      expect(framesOf(split(octets, [1, 2, 3])).end).toBe('broken')
    },
  )

  test('does not copy a PDU that is complete within one chunk', () => {
    const framer = new Framer(MAX)
    const chunk = Buffer.concat([pduOf(Buffer.from('a')), pduOf(Buffer.from('b'))])
    framer.push(chunk)
    framer.next()
    framer.next()
    expect(framer.octets).toBe(chunk)
    expect([framer.start, framer.end]).toEqual([17, 34])
  })

  test('keeps unread PDUs when another chunk is pushed', () => {
    const framer = new Framer(MAX)
    framer.push(Buffer.concat([pduOf(Buffer.from('a')), pduOf(Buffer.from('b'))]))
    framer.next()
    framer.push(pduOf(Buffer.from('c')))
    const left = [framer.next(), framer.next(), framer.next()]
    expect(left).toEqual(['pdu', 'pdu', 'incomplete'])
  })

  test('memory grows with the octets received, not with command_length, and stays bounded', () => {
    const limit = 70_000
    fc.assert(
      fc.property(
        fc.integer({ min: 16, max: limit }),
        fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 20 }),
        (claimed, pieces) => {
          const framer = new Framer(limit)
          const start = Buffer.alloc(4)
          start.writeUInt32BE(claimed)
          framer.push(start)
          let came = start.length
          while (framer.next() === 'incomplete' && pieces.length > 0) {
            const octets = pieces.pop() ?? 1
            framer.push(Buffer.alloc(octets))
            came += octets
            expect(framer.octetsHeld).toBeLessThanOrEqual(2 * Math.max(came, 1024))
            expect(framer.octetsHeld).toBeLessThan(2 * limit + octets)
          }
        },
      ),
    )
  })
})
