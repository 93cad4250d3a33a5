import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

test('own metrics carry the prefix and the component', async () => {
  const metrics = createMetrics('router')
  metrics.counter('submits_total', 'messages taken in', ['verdict']).inc({ verdict: 'accepted' }, 3)
  metrics.histogram('batch_seconds', 'time per batch').observe(0.004)
  const page = await metrics.registry.metrics()
  expect(page).toContain('signalbox_submits_total{verdict="accepted",component="router"} 3')
  expect(page).toContain('signalbox_batch_seconds_bucket{le="0.005",component="router"} 1')
})

test('a gauge may be read at each scrape', async () => {
  const metrics = createMetrics('gateway')
  let sessions = 1
  metrics.gauge('sessions', 'open sessions', [], (gauge) => gauge.set(sessions))
  expect(await metrics.registry.metrics()).toContain('signalbox_sessions{component="gateway"} 1')
  sessions = 2
  expect(await metrics.registry.metrics()).toContain('signalbox_sessions{component="gateway"} 2')
})

test("Node's own figures are there", async () => {
  const page = await createMetrics('dlr').registry.metrics()
  expect(page).toContain('nodejs_eventloop_lag_p99_seconds')
  expect(page).toContain('process_resident_memory_bytes')
  expect(page).toContain('process_cpu_seconds_total')
})
