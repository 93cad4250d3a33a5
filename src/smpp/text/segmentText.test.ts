import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Alphabet } from './dataCoding.ts'
import { chooseEncoding, encodeText, type EncodeOptions } from './encodeText.ts'
import { packSeptets } from './packSeptets.ts'
import { partEnds, roomBehind } from './partEnds.ts'
import { segmentOctets, segmentText, type Segment, type SegmentOptions } from './segmentText.ts'
import { readTlv } from '../wire/tlv.ts'
import { joinText, joinOctets, readUserData } from './userData.ts'
import { parseUdh, portElement } from './userDataHeader.ts'
import { vectorLines, type SegmentationCounts } from '../testing/vectorLines.fixture.ts'

const ALPHABET_OF = { gsm7: 'gsm', latin1: 'latin1', ucs2: 'ucs2' } as const
const UDH8 = { single: 0, each: 6 }
const UDH16 = { single: 0, each: 7 }

function segmentsOf(text: string, options: SegmentOptions & EncodeOptions): readonly Segment[] {
  const result = segmentText(text, options)
  if (result.kind !== 'segmented') throw new Error(`the result is ${result.kind}`)
  return result.segments
}

function sizesOf(ends: readonly number[], octetsPerUnit: number): number[] {
  return ends.map((end, index) => (end - (ends[index - 1] ?? 0)) / octetsPerUnit)
}

function spread(runs: SegmentationCounts['sizes']): number[] {
  return runs.flatMap(([size, times]) => Array<number>(times).fill(size))
}

const vectors = vectorLines('segmentation')

describe('a text of the test vectors', () => {
  test.each(vectors)('is split into parts of the expected sizes: $id, $note', (vector) => {
    const { text } = vector
    for (const name of ['gsm7', 'latin1', 'ucs2'] as const) {
      const counts = vector[name]
      const alphabet = ALPHABET_OF[name]
      const encoded = encodeText(text, { alphabets: [alphabet] })
      expect(encoded === undefined).toBe(counts === null)
      if (!encoded || !counts) continue
      const octetsPerUnit = alphabet === 'ucs2' ? 2 : 1
      const { short_message: octets } = encoded
      expect(octets.length / octetsPerUnit).toBe(counts.units)
      expect(sizesOf(partEnds(octets, alphabet, UDH8), octetsPerUnit)).toEqual(spread(counts.sizes))
      expect(sizesOf(partEnds(octets, alphabet, UDH16), octetsPerUnit)).toEqual(
        spread(counts.sizes_16bit_ref),
      )
    }
  })

  test.each(vectors.filter(({ gsm7 }) => gsm7?.unpacked_hex))(
    'is encoded to the expected octets: $id',
    (vector) => {
      const { short_message: octets } = encodeText(vector.text, { alphabets: ['gsm'] })!
      expect(octets.toString('hex')).toBe(vector.gsm7!.unpacked_hex)
      expect(packSeptets(octets).toString('hex')).toBe(vector.gsm7!.packed_hex)
      const ucs2 = encodeText(vector.text, { alphabets: ['ucs2'] })!
      expect(ucs2.short_message.toString('hex')).toBe(vector.text_utf16be)
    },
  )

  test.each(vectors)('is encoded in the first alphabet with every character: $id', (vector) => {
    const chosen = (alphabets: readonly Alphabet[]) =>
      chooseEncoding(vector.text, { alphabets, choice: 'first' }, () => UDH8)!
    expect(chosen(['gsm', 'latin1', 'ucs2']).alphabet).toBe(ALPHABET_OF[vector.encoding])
    const without = chosen(['gsm', 'ucs2'])
    expect(without.alphabet).toBe(ALPHABET_OF[vector.encoding_without_latin1])
    expect(without.partEnds).toHaveLength(vector.parts)
  })

  test.each(vectors.filter(({ parts }) => parts > 1))(
    'is split into the expected number of parts: $id',
    (vector) => {
      const result = segmentText(vector.text, { reference: 7 })
      if (vector.parts > 255) expect(result).toEqual({ kind: 'tooLong', parts: vector.parts })
      else expect(result.kind === 'segmented' && result.segments).toHaveLength(vector.parts)
    },
  )
})

describe('a text to be split by user data headers', () => {
  const text = 'a'.repeat(152) + '€' + 'b'.repeat(10)

  test('has an 8-bit reference before each part with udh8', () => {
    const [first, second] = segmentsOf(text, { by: 'udh8', reference: 0xab })
    expect(first).toEqual({
      esm_class: 0x40,
      data_coding: 0,
      short_message: Buffer.from(`050003ab0201${'61'.repeat(152)}`, 'hex'),
      tlvs: [],
    })
    expect(second?.short_message.toString('hex')).toBe(`050003ab02021b65${'62'.repeat(10)}`)
  })

  test('has a 16-bit reference before each part with udh16', () => {
    const [first] = segmentsOf(text, { by: 'udh16', reference: 0xabcd })
    expect(first?.short_message.subarray(0, 7).toString('hex')).toBe('060804abcd0201')
  })

  test('has fill bits before packed septets', () => {
    const [first] = segmentsOf('a'.repeat(161), { reference: 7, defaultAlphabet: 'gsmPacked' })
    expect(first?.short_message).toHaveLength(140)
    expect(first?.short_message.subarray(0, 8).toString('hex')).toBe('050003070201c2e1')
  })

  test('has no header if it fits into one message', () => {
    const [only, ...more] = segmentsOf('a'.repeat(160), { reference: 7 })
    expect(more).toEqual([])
    expect(only).toEqual({
      esm_class: 0,
      data_coding: 0,
      short_message: Buffer.alloc(160, 'a'),
      tlvs: [],
    })
  })

  test('has its ports in every part, even if there is only one part', () => {
    const udh = [portElement(2948, 9200)]
    const [only] = segmentsOf('a'.repeat(152), { reference: 7, udh })
    expect(only?.esm_class).toBe(0x40)
    expect(only?.short_message.subarray(0, 8).toString('hex')).toBe('0605040b8423f061')
    const parts = segmentsOf('a'.repeat(153), { reference: 7, udh })
    expect(parts.map(({ short_message }) => short_message.length)).toEqual([12 + 146, 12 + 7])
    const [first] = parts
    expect(first?.short_message.subarray(0, 13).toString('hex')).toBe('0b000307020105040b8423f061')
  })
})

describe('with national tables', () => {
  test.each([
    ['155 characters of a national table fit into one message', 'ş'.repeat(155), 1],
    ['156 characters of a national table need two parts', 'ş'.repeat(156), 2],
    ['160 characters of the default alphabet fit into one message', 'a'.repeat(160), 1],
  ])('%s', (_, text, parts) => {
    expect(segmentsOf(text, { reference: 7, languages: [1] })).toHaveLength(parts)
  })

  test('the header of each part names the tables', () => {
    const [first, second] = segmentsOf('ş'.repeat(156), { reference: 7, languages: [1] })
    expect(first?.short_message.subarray(0, 10).toString('hex')).toBe('0800030702012501011d')
    expect(first?.short_message).toHaveLength(9 + 149)
    expect(readUserData({ ...second!, esm_class: 0x40 }).shifts).toEqual({ locking: 1, single: 0 })
  })

  test('a single-shift table is used if the locking-shift table lacks a character', () => {
    const options = { reference: 7, languages: [1], alphabets: ['gsm'] } as const
    const headerOf = (text: string) => parseUdh(segmentsOf(text, options)[0]!.short_message)
    expect(headerOf('Dağ')?.elements).toMatchObject([{ id: 0x25 }])
    expect(headerOf('ğè')?.elements).toMatchObject([{ id: 0x24 }])
  })

  test('a text is encoded as UCS-2 if it is too short to justify the header', () => {
    const [only] = segmentsOf('Dağ', { reference: 7, languages: [1] })
    expect(only?.data_coding).toBe(8)
  })

  test('a text with SAR TLVs is encoded as UCS-2, because the TLVs cannot name tables', () => {
    const [only] = segmentsOf('ş', { by: 'sar', reference: 7, languages: [1] })
    expect(only?.data_coding).toBe(8)
  })
})

test('parts with SAR TLVs are numbered and leave room for the header that an SMSC adds', () => {
  const parts = segmentsOf('a'.repeat(305), { by: 'sar', reference: 0x1234 })
  expect(parts.map(({ short_message }) => short_message.length)).toEqual([152, 152, 1])
  expect(parts.map(({ esm_class }) => esm_class)).toEqual([0, 0, 0])
  expect(parts.map(({ tlvs }) => readTlv(tlvs, 'sar_msg_ref_num'))).toEqual([4660, 4660, 4660])
  expect(parts.map(({ tlvs }) => readTlv(tlvs, 'sar_total_segments'))).toEqual([3, 3, 3])
  expect(parts.map(({ tlvs }) => readTlv(tlvs, 'sar_segment_seqnum'))).toEqual([1, 2, 3])
})

describe('with the option message_payload', () => {
  const by = { by: 'message_payload', reference: 0 } as const

  test('a long text is one message_payload', () => {
    const [only, ...more] = segmentsOf('a'.repeat(161), by)
    expect(more).toEqual([])
    expect(only?.short_message).toHaveLength(0)
    expect(readTlv(only!.tlvs, 'message_payload')).toEqual(Buffer.alloc(161, 'a'))
  })

  test('a text that fits into one message is a short_message', () => {
    expect(segmentsOf('a'.repeat(160), by)[0]?.tlvs).toEqual([])
  })

  test('a text of more than 65,535 octets is too long', () => {
    expect(segmentText('a'.repeat(65_536), by)).toEqual({ kind: 'tooLong', parts: 2 })
  })
})

describe('segmentOctets', () => {
  test('may split binary data anywhere', () => {
    const octets = Buffer.alloc(141, 0x1b)
    const result = segmentOctets(octets, { reference: 1 })
    expect(result).toMatchObject({ kind: 'segmented', segments: [{ data_coding: 4 }, {}] })
    const segments = result.kind === 'segmented' ? result.segments : []
    expect(segments.map(({ short_message }) => short_message.length)).toEqual([140, 13])
  })

  test('splits a text only between characters of its alphabet', () => {
    const pairs = Buffer.from('1b65'.repeat(81), 'hex')
    const gsm = segmentOctets(pairs, { reference: 1, data_coding: 0 })
    expect(gsm).toMatchObject({ segments: [{ short_message: { length: 158 } }, {}] })
    const latin1 = segmentOctets(pairs, {
      reference: 1,
      data_coding: 0,
      defaultAlphabet: 'latin1',
    })
    expect(latin1).toMatchObject({ segments: [{ short_message: { length: 140 } }, {}] })
    const emoji = Buffer.from('d83dde00'.repeat(36), 'hex')
    const ucs2 = segmentOctets(emoji, { reference: 1, data_coding: 8 })
    expect(ucs2).toMatchObject({ segments: [{ short_message: { length: 138 } }, {}] })
  })

  test('splits runs of escapes so that pairs of escapes stay together', () => {
    const firstOf = (given: Buffer) => {
      const result = segmentOctets(given, { reference: 1, data_coding: 0 })
      return result.kind === 'segmented' ? result.segments[0]?.short_message.length : undefined
    }
    const tail = Buffer.alloc(20, 'b')
    const behind = (letters: number, escapes: number) =>
      Buffer.concat([Buffer.alloc(letters, 'a'), Buffer.alloc(escapes, 0x1b), tail])
    expect(firstOf(behind(151, 2))).toBe(6 + 153)
    expect(firstOf(behind(150, 3))).toBe(6 + 152)
    expect(firstOf(behind(152, 20))).toBe(6 + 152)
  })

  test('splits UTF-8 only between characters', () => {
    const options = { reference: 1, data_coding: 0, defaultAlphabet: 'utf8' } as const
    const result = segmentOctets(Buffer.from(`aa${'€'.repeat(60)}`), options)
    const segments = result.kind === 'segmented' ? result.segments : []
    expect(segments.map(({ short_message }) => short_message.length)).toEqual([6 + 134, 6 + 48])
    const shifted = segmentOctets(Buffer.from('€'.repeat(60)), options)
    expect(shifted).toMatchObject({ segments: [{ short_message: { length: 6 + 132 } }, {}] })
  })

  test('returns tooLong if 256 parts are needed', () => {
    expect(segmentOctets(Buffer.alloc(134 * 255 + 1), { reference: 1 })).toEqual({
      kind: 'tooLong',
      parts: 256,
    })
  })
})

describe('segmentText', () => {
  const udh = [portElement(1, 2)]
  test.each([
    [
      'a reference that is too large',
      { reference: 256 },
      'reference 256 is not a whole number from 0 to 255',
    ],
    ['a reference of 1.5', { by: 'udh16', reference: 1.5 }, 'reference 1.5'],
    ['a header in addition to SAR TLVs', { by: 'sar', reference: 1, udh }, 'use udh16'],
    [
      'a header that fills the message',
      { reference: 1, udh: [{ id: 0x70, octets: Buffer.alloc(130) }] },
      'leaves no room',
    ],
  ] as const)('throws for %s', (_, options, message) => {
    expect(() => segmentText('a'.repeat(161), options)).toThrow(message)
  })

  test('returns unencodable if no allowed alphabet has every character', () => {
    expect(segmentText('Ж', { reference: 1, alphabets: ['gsm'] })).toEqual({ kind: 'unencodable' })
  })
})

const anyText = fc
  .array(fc.constantFrom(...'aZ@é€[]^\nçşŞñêЖ😀', '𝒳', 'कि', '``'), { maxLength: 500 })
  .map((characters) => characters.join(''))

const anyOptions = fc.record(
  {
    by: fc.constantFrom('udh8' as const, 'udh16' as const, 'message_payload' as const),
    reference: fc.nat({ max: 255 }),
    defaultAlphabet: fc.constantFrom<Alphabet>('gsm', 'gsmPacked', 'ascii', 'latin1', 'utf8'),
    languages: fc.subarray([1, 2, 3, 6]),
    udh: fc.subarray([portElement(1, 2)]),
  },
  { requiredKeys: ['reference', 'by', 'defaultAlphabet', 'languages'] },
)

describe('any text', () => {
  test('can be joined from its parts, and no part exceeds its size limit', () => {
    fc.assert(
      fc.property(anyText, anyOptions, (text, options) => {
        const { defaultAlphabet } = options
        const parts = segmentsOf(text, options)
        const read = parts.map((part) => readUserData({ ...part }))
        expect(joinText(read, { defaultAlphabet })).toBe(text)
        for (const part of parts.length > 1 ? parts : []) {
          expectWithinLimit(part, defaultAlphabet)
        }
      }),
    )
  })

  test('is never split within a character', () => {
    fc.assert(
      fc.property(anyText, anyOptions, (text, options) => {
        const { defaultAlphabet } = options
        const parts = segmentsOf(text, options).map((part) => readUserData({ ...part }))
        expect(parts.map((part) => joinText([part], { defaultAlphabet })).join('')).toBe(text)
      }),
    )
  })
})

function expectWithinLimit(part: Segment, defaultAlphabet: Alphabet): void {
  const { octets, elements } = readUserData(part)
  const header = part.short_message.length - octets.length
  expect(elements.length).toBeGreaterThan(0)
  const packed = defaultAlphabet === 'gsmPacked' && part.data_coding === 0
  const alphabet = part.data_coding === 8 ? 'ucs2' : defaultAlphabet
  const limit = packed ? 140 - header : roomBehind(header, alphabet)
  expect(octets.length).toBeLessThanOrEqual(limit)
}

test('any octets can be joined from their parts', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_000 }), fc.nat({ max: 255 }), (given, data_coding) => {
      const octets = Buffer.from(given)
      const result = segmentOctets(octets, { reference: 9, data_coding })
      const segments = result.kind === 'segmented' ? result.segments : []
      expect(joinOctets(segments.map((part) => readUserData(part)))).toEqual(octets)
      expect(segments.length).toBe(octets.length === 0 ? 1 : segments.length)
    }),
  )
})

test.each(['gsm', 'gsmPacked', 'utf8'] as const)(
  '%s, which has no data_coding, is used only if it is the default alphabet',
  (alphabet) => {
    const options = { reference: 1, alphabets: [alphabet] }
    const other = alphabet === 'gsm' ? 'latin1' : 'gsm'
    for (const text of ['', 'Hello']) {
      expect(segmentText(text, { ...options, defaultAlphabet: other }).kind).toBe('unencodable')
      const named = segmentText(text, { ...options, defaultAlphabet: alphabet })
      expect(named).toMatchObject({ kind: 'segmented', segments: [{ data_coding: 0 }] })
    }
  },
)
