import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Pdu } from '../wire/pduTable.ts'
import {
  Reassembler,
  type IncompleteMessage,
  type KeptWithPart,
  type ReassemblerOptions,
} from './reassembler.ts'
import { segmentOctets, segmentText, type Segmented, type SegmentOptions } from './segmentText.ts'
import { joinOctets, joinText, readUserData } from './userData.ts'

function setUp(options: Partial<ReassemblerOptions<string>> = {}) {
  const clock = { nowMs: 1_000 }
  const incomplete: IncompleteMessage<string>[] = []
  const reassembler = new Reassembler<string>({
    timeLimitMs: 60_000,
    octetsMax: 1_000_000,
    nowMs: () => clock.nowMs,
    onIncomplete: (message) => incomplete.push(message),
    ...options,
  })
  const add = (part: ReturnType<typeof readUserData>, item = '', source = '491') =>
    reassembler.add(source, '492', part, item)
  return { reassembler, clock, incomplete, add }
}

function partsOf(result: Segmented) {
  if (result.kind !== 'segmented') throw new Error(`the result is ${result.kind}`)
  return result.segments.map((segment) => readUserData(segment))
}

function textParts(text: string, by: SegmentOptions['by'] = 'udh8', reference = 7) {
  return partsOf(segmentText(text, { by, reference }))
}

const LONG = 'a'.repeat(153) + 'b'.repeat(153) + 'c'.repeat(10)

describe('long messages', () => {
  test.each(['udh8', 'udh16', 'sar'] as const)('a message split by %s becomes whole', (by) => {
    const { add, reassembler } = setUp()
    const [first, second, third] = textParts(LONG, by)
    expect(add(third!, 'third')).toEqual({ kind: 'waiting', missing: 2 })
    expect(add(first!, 'first')).toEqual({ kind: 'waiting', missing: 1 })
    expect(reassembler.waiting).toBe(1)
    const outcome = add(second!, 'second')
    const parts = outcome.kind === 'whole' ? outcome.parts : []
    expect(parts.map(({ sequence, item }) => [sequence, item])).toEqual([
      [1, 'first'],
      [2, 'second'],
      [3, 'third'],
    ])
    expect(joinText(parts)).toBe(LONG)
    expect(reassembler.waiting).toBe(0)
  })

  test('a message keeps its octets when the buffer of a part is overwritten', () => {
    const { add } = setUp()
    const [first, second, third] = textParts(LONG)
    add(first!)
    first!.octets.fill(0x78)
    add(second!)
    const outcome = add(third!)
    expect(outcome.kind === 'whole' && joinText(outcome.parts)).toBe(LONG)
  })

  test('a message is identified by addresses, reference, total and kind of reference', () => {
    const { add, reassembler } = setUp()
    const [first] = textParts(LONG)
    add(first!)
    add(first!, '', 'another source')
    add(textParts(LONG, 'udh8', 8)[0]!)
    add(textParts(`${LONG}${LONG}`)[0]!)
    add(textParts(LONG, 'udh16')[0]!)
    add(textParts(LONG, 'sar')[0]!)
    expect(reassembler.waiting).toBe(6)
  })

  test('a message of one part, or without a part number, is whole immediately', () => {
    const { add } = setUp()
    const concatenation = { by: 'udh8', reference: 1, total: 1, sequence: 1 } as const
    const [only] = textParts('short')
    expect(add(only!)).toMatchObject({ kind: 'whole', parts: [{ sequence: 1 }] })
    expect(add({ ...only!, concatenation })).toMatchObject({ kind: 'whole' })
  })
})

describe('repeated part numbers', () => {
  test('a part with the same octets is a duplicate, before and after the message is whole', () => {
    const { add, incomplete } = setUp()
    const [first, ...rest] = textParts(LONG)
    add(first!)
    expect(add(first!)).toEqual({ kind: 'duplicate' })
    for (const part of rest) add(part)
    expect(add(first!)).toEqual({ kind: 'duplicate' })
    expect(incomplete).toEqual([])
  })

  test('a part with other octets begins a new message and hands out the incomplete one', () => {
    const { add, incomplete, reassembler } = setUp()
    const [first, second] = textParts(LONG)
    add(first!, 'old')
    add(second!, 'old')
    const [other] = textParts(LONG.toUpperCase())
    expect(add(other!, 'new')).toEqual({ kind: 'waiting', missing: 2 })
    expect(incomplete).toMatchObject([
      { reason: 'superseded', total: 3, parts: [{ item: 'old' }, { item: 'old' }] },
    ])
    expect(reassembler.waiting).toBe(1)
  })

  test('a part with other octets after the message is whole begins a new message', () => {
    const { add, incomplete } = setUp()
    for (const part of textParts(LONG)) add(part)
    const [first, second, third] = textParts(LONG.toUpperCase())
    expect(add(first!)).toEqual({ kind: 'waiting', missing: 2 })
    add(second!)
    const outcome = add(third!)
    expect(outcome.kind === 'whole' && joinText(outcome.parts)).toBe(LONG.toUpperCase())
    expect(incomplete).toEqual([])
  })
})

describe('an incomplete message', () => {
  test('is handed out at its time limit, by the next call of add or expire', () => {
    const { add, clock, incomplete, reassembler } = setUp()
    const [first, second] = textParts(LONG)
    expect(reassembler.nextDeadlineMs).toBeUndefined()
    add(first!, 'early')
    expect(reassembler.nextDeadlineMs).toBe(61_000)
    clock.nowMs = 60_999
    reassembler.expire()
    expect(incomplete).toEqual([])
    clock.nowMs = 61_000
    expect(add(second!, 'late')).toEqual({ kind: 'waiting', missing: 2 })
    expect(incomplete).toMatchObject([{ reason: 'expired', total: 3, parts: [{ item: 'early' }] }])
    clock.nowMs = 121_000
    reassembler.expire()
    expect(incomplete).toHaveLength(2)
    expect(reassembler.octets).toBe(0)
  })

  test('is handed out if memory is short and it is the oldest', () => {
    const { add, incomplete, reassembler } = setUp({ octetsMax: 3 * 1_500 })
    const [part] = textParts(LONG)
    for (const source of ['a', 'b', 'c', 'd']) add(part!, source, source)
    expect(incomplete).toMatchObject([{ reason: 'memory', parts: [{ item: 'a' }] }])
    expect(reassembler.octets).toBeLessThanOrEqual(4_500)
  })

  test('is kept in memory in preference to messages that are whole', () => {
    const { add, incomplete, reassembler } = setUp({ octetsMax: 4 * 1_500 })
    for (const part of textParts(LONG)) add(part)
    const [part] = textParts(LONG)
    for (const source of ['a', 'b', 'c', 'd']) add(part!, source, source)
    expect(incomplete).toEqual([])
    expect(reassembler.waiting).toBe(4)
  })

  test('is handed out if its first part alone exceeds the memory limit', () => {
    const { add, incomplete, reassembler } = setUp({ octetsMax: 100 })
    add(textParts(LONG)[0]!, 'large')
    expect(incomplete).toMatchObject([{ reason: 'memory', parts: [{ item: 'large' }] }])
    expect(reassembler.octets).toBe(0)
  })

  test('is handed out by close', () => {
    const { add, incomplete, reassembler } = setUp()
    const [first, second] = textParts(LONG)
    add(first!)
    add(second!)
    reassembler.close()
    expect(incomplete).toMatchObject([{ reason: 'closed', parts: [{}, {}] }])
    expect(reassembler.octets).toBe(0)
  })
})

describe('the item of a part', () => {
  /** Adds the parts from index `from` on. The test itself holds no reference to the items. */
  function addAll(reassembler: Reassembler<object>, from: 0 | 1): WeakRef<object>[] {
    return textParts(LONG)
      .slice(from)
      .map((part) => {
        const item = { sequence_number: 1 }
        reassembler.add('491', '492', part, item)
        return new WeakRef(item)
      })
  }

  function emptyReassembler(): Reassembler<object> {
    const options = { timeLimitMs: 60_000, octetsMax: 1_000_000, nowMs: () => 0 }
    return new Reassembler<object>({ ...options, onIncomplete: () => undefined })
  }

  const collect = collector()

  test('is released when its message is whole, but duplicates are still detected', async () => {
    const reassembler = emptyReassembler()
    const items = addAll(reassembler, 0)
    await vi.waitFor(() => {
      collect()
      expect(items.filter((item) => item.deref())).toEqual([])
    })
    const [first] = textParts(LONG)
    expect(reassembler.add('491', '492', first!, {})).toEqual({ kind: 'duplicate' })
  })

  test('is held while its message is incomplete', () => {
    const reassembler = emptyReassembler()
    const items = addAll(reassembler, 1)
    collect()
    expect(items.map((item) => item.deref())).toEqual([
      { sequence_number: 1 },
      { sequence_number: 1 },
    ])
    reassembler.close()
  })

  test('may be omitted, and cannot be a PDU', () => {
    const reassembler = new Reassembler({
      timeLimitMs: 60_000,
      octetsMax: 1_000_000,
      nowMs: () => 0,
      onIncomplete: () => undefined,
    })
    const [first] = textParts(LONG)
    expect(reassembler.add('491', '492', first!)).toEqual({ kind: 'waiting', missing: 2 })
    type MayKeep<T> = T extends KeptWithPart ? true : false
    const mayKeepPdu: MayKeep<Pdu<'submit_sm'> | Pdu<'data_sm'>> = false
    const mayKeepItsNumber: MayKeep<Pick<Pdu<'submit_sm'>, 'command' | 'sequence_number'>> = true
    expect([mayKeepPdu, mayKeepItsNumber]).toEqual([false, true])
  })

  function collector(): () => void {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    if (typeof collect !== 'function') throw new Error('V8 has no gc with --expose-gc')
    return () => void collect()
  }
})

test('parts in any order, with duplicates, give the whole message exactly once', () => {
  const messages = fc.uint8Array({ minLength: 141, maxLength: 1_200 }).chain((octets) => {
    const parts = partsOf(segmentOctets(Buffer.from(octets), { reference: 5 }))
    const indices = parts.map((_, index) => index)
    const again = fc.array(fc.constantFrom(...indices), { maxLength: 10 })
    const order = again.chain((extra) =>
      fc.shuffledSubarray([...indices, ...extra], { minLength: indices.length + extra.length }),
    )
    return fc.record({ octets: fc.constant(octets), parts: fc.constant(parts), order })
  })
  fc.assert(
    fc.property(messages, ({ octets, parts, order }) => {
      const { add, incomplete } = setUp()
      const outcomes = order.map((index) => add(parts[index]!))
      const whole = outcomes.filter(({ kind }) => kind === 'whole')
      expect(whole).toHaveLength(1)
      const [only] = whole
      expect(only?.kind === 'whole' && joinOctets(only.parts)).toEqual(Buffer.from(octets))
      expect(incomplete).toEqual([])
    }),
  )
})

test('any part is handed out exactly once, and the memory limit is never exceeded', () => {
  const part = fc.record({
    source: fc.constantFrom('a', 'b', 'c'),
    reference: fc.nat({ max: 2 }),
    total: fc.integer({ min: 1, max: 3 }),
    sequence: fc.integer({ min: 1, max: 3 }),
    text: fc.constantFrom('x', 'y', 'z'.repeat(100)),
    waitedMs: fc.nat({ max: 40_000 }),
  })
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (given) => {
      const octetsMax = 6_000
      const { reassembler, clock, incomplete, add } = setUp({ octetsMax })
      const seen: string[] = []
      const expected: string[] = []
      for (const [
        index,
        { source, reference, total, sequence, text, waitedMs },
      ] of given.entries()) {
        if (sequence > total) continue
        clock.nowMs += waitedMs
        const concatenation = { by: 'udh8', reference, total, sequence } as const
        const [base] = textParts(text)
        const outcome = add({ ...base!, concatenation }, String(index), source)
        if (outcome.kind !== 'duplicate') expected.push(String(index))
        if (outcome.kind === 'whole') seen.push(...outcome.parts.map(({ item }) => item))
        expect(reassembler.octets).toBeLessThanOrEqual(octetsMax)
      }
      reassembler.close()
      seen.push(...incomplete.flatMap(({ parts }) => parts.map(({ item }) => item)))
      expect(seen.toSorted()).toEqual(expected.toSorted())
      expect(reassembler.octets).toBe(0)
    }),
  )
})
