import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pacer } from './pacer.ts'

/** A pacer that may already send at `rate` at time 0. */
function pacerAt(rate: number, burst = 1): Pacer {
  const pacer = new Pacer()
  pacer.setRate(rate, burst, -100_000)
  pacer.waitMs(0)
  return pacer
}

/**
 * The times of all writes from `startMs` to `endMs` if there is always a message to send. `lateMs`
 * returns how late the next timer fires.
 */
function sendsUntil(endMs: number, pacer: Pacer, lateMs: () => number, startMs = 0): number[] {
  const sentAtMs: number[] = []
  let nowMs = startMs
  while (nowMs < endMs) {
    const waitMs = pacer.waitMs(nowMs)
    if (waitMs > 0) {
      nowMs += Math.ceil(waitMs) + lateMs()
      continue
    }
    pacer.sent(nowMs)
    pacer.written(nowMs)
    sentAtMs.push(nowMs)
  }
  return sentAtMs
}

function mostInASecond(sentAtMs: readonly number[]): number {
  let most = 0
  let first = 0
  for (const [index, atMs] of sentAtMs.entries()) {
    while ((sentAtMs[first] ?? atMs) <= atMs - 1000) first++
    most = Math.max(most, index - first + 1)
  }
  return most
}

function gapsOf(sentAtMs: readonly number[]): number[] {
  return sentAtMs.slice(1).map((atMs, index) => atMs - (sentAtMs[index] ?? 0))
}

test('sends at 20 a second are 51 ms apart', () => {
  const gapsMs = gapsOf(sendsUntil(3_000, pacerAt(20), () => 0))
  expect(gapsMs).toHaveLength(58)
  expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(50)
  expect(Math.max(...gapsMs)).toBeLessThanOrEqual(52)
})

test('after a pause, a message is sent immediately, and the next message an interval later', () => {
  const pacer = pacerAt(20)
  pacer.sent(0)
  expect(pacer.waitMs(5_000)).toBe(0)
  pacer.sent(5_000)
  expect(pacer.waitMs(5_000)).toBe(50)
})

test('a rate below one lengthens the window, and a rate of 0 sends nothing', () => {
  const pacer = pacerAt(0.5)
  pacer.sent(0)
  expect(pacer.waitMs(0)).toBeGreaterThanOrEqual(2000)
  expect(new Pacer().waitMs(0)).toBe(Number.POSITIVE_INFINITY)
})

test('late timers do not reduce the rate', () => {
  for (const rate of [20, 200, 3_000]) {
    const lateMs = fc.sample(fc.integer({ min: 0, max: 40 }), { numRuns: 10_000, seed: rate })
    const sentAtMs = sendsUntil(10_000, pacerAt(rate), () => lateMs.pop() ?? 0)
    expect(sentAtMs.length / 10).toBeGreaterThanOrEqual(rate * 0.95)
    expect(mostInASecond(sentAtMs)).toBeLessThanOrEqual(rate)
  }
})

test('after a long stall, 200 ms of missed sends are made up at twice the rate', () => {
  const pacer = pacerAt(200)
  sendsUntil(500, pacer, () => 0)
  const sentAtMs = sendsUntil(1_600, pacer, () => 0, 1_200)
  const count = (fromMs: number, untilMs: number) =>
    sentAtMs.filter((atMs) => atMs >= fromMs && atMs < untilMs).length
  expect(count(1_200, 1_201)).toBeLessThanOrEqual(8)
  expect(count(1_200, 1_400)).toBeGreaterThan(72)
  expect(count(1_200, 1_400)).toBeLessThan(82)
  expect(count(1_400, 1_600)).toBeLessThan(44)
})

test('the one-second window of a message begins later if its answer was late', () => {
  const wait = (answerMs: number) => {
    const pacer = pacerAt(2, 3)
    for (const atMs of [-5_000, -4_000, -3_000, -2_000]) pacer.answered(pacer.sent(atMs), atMs + 5)
    pacer.answered(pacer.sent(0), 5)
    pacer.answered(pacer.sent(1), 1 + answerMs)
    pacer.waitMs(1_010)
    pacer.sent(1_010)
    return 1_010 + pacer.waitMs(1_010)
  }
  expect(wait(5)).toBe(1_011)
  expect(wait(15)).toBe(1_021)
  expect(wait(500)).toBe(1_031)
})

test('the first answers count as late, because a peer that has just started reads late', () => {
  const endOfSecond = (answerMs: number) => {
    const pacer = pacerAt(2, 3)
    pacer.answered(pacer.sent(0), answerMs)
    pacer.sent(1)
    return 1 + pacer.waitMs(1)
  }
  expect(endOfSecond(5)).toBe(1_015)
  expect(endOfSecond(500)).toBe(1_030)
})

test('no sliding second contains more sends than the rate, whatever the burst', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.3, max: 20, noNaN: true }),
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 300 }),
      fc.integer({ min: 0, max: 30 }),
      (rate, burst, gapsMs, turnMs) => {
        const pacer = pacerAt(rate, burst)
        const writtenAtMs: number[] = []
        let nowMs = 0
        for (const gapMs of gapsMs) {
          nowMs += gapMs
          if (pacer.waitMs(nowMs) > 0) continue
          pacer.sent(nowMs)
          // The octets are written only at the end of this iteration of the event loop.
          nowMs += turnMs
          pacer.written(nowMs)
          writtenAtMs.push(nowMs)
        }
        expect(mostInASecond(writtenAtMs)).toBeLessThanOrEqual(Math.max(1, Math.floor(rate)))
      },
    ),
  )
})

test('a burst as large as the rate is sent together, and the next message a second later', () => {
  const sentAtMs = sendsUntil(1_500, pacerAt(10, 10), () => 0)
  expect(sentAtMs.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 0))
  expect(sentAtMs[10]).toBeGreaterThanOrEqual(1_000)
})

test('the window begins when a message is written, not when it is taken', () => {
  const pacer = pacerAt(1)
  pacer.sent(0)
  pacer.written(300)
  expect(pacer.waitMs(300)).toBeGreaterThanOrEqual(1_000)
})

test('a higher rate takes effect one window later, and a lower rate immediately', () => {
  const pacer = new Pacer()
  pacer.setRate(5, 5, 300)
  expect(pacer.waitMs(300)).toBeGreaterThanOrEqual(1_000)
  expect(pacer.waitMs(1_299)).toBeGreaterThan(0)
  // Setting the same rate again does not start a second wait.
  pacer.setRate(5, 5, 1_200)
  expect(pacer.waitMs(1_310)).toBe(0)
  pacer.setRate(2, 5, 1_400)
  expect(pacer.rateAt(1_400)).toBe(2)
  pacer.setRate(0, 5, 1_500)
  expect(pacer.waitMs(1_500)).toBe(Number.POSITIVE_INFINITY)
  expect(pacer.isOpen).toBe(false)
})

test('while rates change, no second has more sends than the highest rate in that second', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 1_500 })), {
        maxLength: 12,
      }),
      fc.integer({ min: 1, max: 20 }),
      (changes, burst) => {
        const pacer = new Pacer()
        const sentAtMs: number[] = []
        const inForce: { rate: number; untilMs: number }[] = []
        let nowMs = 0
        for (const [rate, forMs] of changes) {
          // In this test, a rate applies from the call that sets it until the next call.
          pacer.setRate(rate, burst, nowMs)
          sentAtMs.push(...sendsUntil(nowMs + forMs, pacer, () => 0, nowMs))
          nowMs += forMs
          inForce.push({ rate, untilMs: nowMs })
        }
        for (const startMs of sentAtMs) {
          const within = sentAtMs.filter((atMs) => atMs >= startMs && atMs < startMs + 1000)
          const rates = inForce.filter(
            ({ untilMs }, index) =>
              untilMs >= startMs && (inForce[index - 1]?.untilMs ?? 0) < startMs + 1000,
          )
          expect(within.length).toBeLessThanOrEqual(Math.max(...rates.map(({ rate }) => rate)))
        }
      },
    ),
  )
})
