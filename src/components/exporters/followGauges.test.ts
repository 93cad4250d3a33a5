import { expect, test } from 'vitest'
import { createMetrics } from '../../runtime/metrics.ts'
import { followGauges } from './followGauges.ts'
import { createPlatformMetrics } from './platformMetrics.ts'

test('a database that is unavailable at the start is reported and exported as down', async () => {
  const metrics = createMetrics('exporters')
  const trouble = await new Promise<string>((resolve) => {
    const stop = followGauges({
      metrics: createPlatformMetrics(metrics),
      read: async () => {
        throw new Error('connect ECONNREFUSED')
      },
      onTrouble: (what, error) => {
        stop()
        resolve(`${what}: ${error.message}`)
      },
    })
  })
  expect(trouble).toBe(
    'reading the figures failed; the last figures are kept: connect ECONNREFUSED',
  )
  expect(await metrics.registry.metrics()).toMatch(/signalbox_store_up\S* 0/)
})
