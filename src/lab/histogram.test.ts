import { build } from 'hdr-histogram-js'
import { expect, test } from 'vitest'
import { Histogram } from './histogram.ts'
import { seededRandom } from './seededRandom.ts'

test('percentiles agree with hdr-histogram within the bucket width and are never too low', () => {
  const random = seededRandom(1)
  const ours = new Histogram()
  const reference = build({ lowestDiscernibleValue: 1, numberOfSignificantValueDigits: 4 })
  for (let n = 0; n < 20_000; n += 1) {
    const us = Math.floor(1 + 5_000_000 * random() ** 6)
    ours.recordMs(us / 1_000)
    reference.recordValue(us)
  }
  for (const share of [0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = reference.getValueAtPercentile(share * 100) / 1_000
    expect(ours.percentileMs(share)).toBeGreaterThanOrEqual(exact * 0.999)
    expect(ours.percentileMs(share)).toBeLessThanOrEqual(exact * 1.017 + 0.001)
  }
  expect(ours.summary()).toMatchObject({ count: 20_000, maxMs: reference.maxValue / 1_000 })
})

test('an empty histogram reports zeros, and the maximum of a long duration is exact', () => {
  const histogram = new Histogram()
  expect(histogram.summary()).toMatchObject({ count: 0, minMs: 0, p99Ms: 0, maxMs: 0 })
  histogram.recordMs(10 * 3_600_000)
  histogram.recordMs(-1)
  expect(histogram.summary().maxMs).toBe(10 * 3_600_000)
})
