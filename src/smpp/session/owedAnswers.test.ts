import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from './defaultLimits.ts'
import { OwedAnswers } from './owedAnswers.ts'

function owing(unansweredByUs: number, unansweredOctets: number): OwedAnswers {
  return new OwedAnswers({ ...DEFAULT_LIMITS, unansweredByUs, unansweredOctets })
}

test('isTooMuch is set at the limit, and isLittle once half of the requests are answered', () => {
  const owed = owing(4, 1_000_000)
  for (let count = 0; count < 4; count++) owed.add(0)
  expect([owed.count, owed.isTooMuch]).toEqual([4, true])
  owed.answered()
  expect([owed.isTooMuch, owed.isLittle]).toEqual([false, false])
  owed.answered()
  expect(owed.isLittle).toBe(true)
})

test('the size of a chunk is charged only to the first request in it', () => {
  const owed = owing(100, 100_000)
  owed.received(60_000)
  for (let count = 0; count < 3; count++) owed.add(0)
  owed.received(50_000)
  owed.add(0)
  expect(owed.isTooMuch).toBe(true)
  owed.answered()
  expect([owed.isTooMuch, owed.isLittle]).toEqual([false, true])
  for (let count = 0; count < 3; count++) owed.answered()
  owed.received(99_999)
  owed.add(0)
  expect(owed.isTooMuch).toBe(false)
})

test('a TLV is counted as the memory it uses, not as its four octets on the wire', () => {
  const owed = owing(100, 1_000_000)
  owed.received(68_000)
  owed.add(17_000)
  expect(owed.isTooMuch).toBe(true)
})

test('a surplus answer changes nothing', () => {
  const owed = owing(4, 100)
  owed.answered()
  owed.add(0)
  expect(owed.count).toBe(1)
})
