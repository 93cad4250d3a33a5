import { expect, test } from 'vitest'
import { Outage, type OutageNews } from './outage.ts'

const TIMES = { everyMs: 60_000, settleMs: 2_000 }

/**
 * Simulates the seconds from 0 to `untilSecond`, and returns the reports. In each second, the event
 * that `at` returns occurs, and then tick() is called.
 */
function newsOf(untilSecond: number, at: (second: number) => 'fails' | 'recovers' | 'nothing') {
  const outage = new Outage(TIMES)
  const news: [second: number, OutageNews][] = []
  const tell = (second: number, one: OutageNews | undefined): void => {
    if (one) news.push([second, one])
  }
  for (let second = 0; second <= untilSecond; second++) {
    const event = at(second)
    if (event === 'fails') tell(second, outage.failed(second * 1_000, `reason ${second}`))
    if (event === 'recovers') outage.recovered(second * 1_000)
    tell(second, outage.tick(second * 1_000))
  }
  return { news, outage }
}

test('an outage is reported at its start, once a minute with a count, and at its end', () => {
  const { news, outage } = newsOf(200, (second) => (second < 150 ? 'fails' : 'recovers'))
  expect(news).toEqual([
    [0, { kind: 'began', reason: 'reason 0' }],
    [60, { kind: 'lasts', failures: 60, lastedMs: 60_000, reason: 'reason 60' }],
    [120, { kind: 'lasts', failures: 60, lastedMs: 120_000, reason: 'reason 120' }],
    [152, { kind: 'ended', failures: 150, lastedMs: 150_000 }],
  ])
  expect(outage.isOn).toBe(false)
})

test('a success between failures does not end the outage', () => {
  const { news } = newsOf(59, (second) => (second % 2 === 0 ? 'fails' : 'recovers'))
  expect(news).toEqual([[0, { kind: 'began', reason: 'reason 0' }]])
})

test('an outage without further attempts is still reported once a minute', () => {
  const { news } = newsOf(60, (second) => (second === 0 ? 'fails' : 'nothing'))
  expect(news.at(-1)).toEqual([
    60,
    { kind: 'lasts', failures: 0, lastedMs: 60_000, reason: 'reason 0' },
  ])
})

test('a second outage is reported separately, with its own count', () => {
  const { news } = newsOf(20, (second) => (second === 1 || second === 11 ? 'fails' : 'recovers'))
  expect(news).toEqual([
    [1, { kind: 'began', reason: 'reason 1' }],
    [4, { kind: 'ended', failures: 1, lastedMs: 1_000 }],
    [11, { kind: 'began', reason: 'reason 11' }],
    [14, { kind: 'ended', failures: 1, lastedMs: 1_000 }],
  ])
})

test('without a failure nothing is reported', () => {
  expect(newsOf(100, () => 'recovers').news).toEqual([])
})
