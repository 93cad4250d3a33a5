import { expect, test } from 'vitest'
import { Histogram } from '../flow/histogram.ts'
import { counter, gauge, histogram } from './metricDefinition.ts'
import { LABELS } from './metricLabels.ts'
import { createMetrics } from './metrics.ts'

async function linesOf(metrics: ReturnType<typeof createMetrics>, name: string) {
  const lines = (await metrics.registry.metrics()).split('\n')
  return lines.filter((line) => line.startsWith(name) || line.startsWith(`# TYPE ${name}`))
}

test('a counter has the type counter and the label of its component', async () => {
  const metrics = createMetrics('router')
  const taken = metrics.counter(counter('signalbox_taken_total', 'Messages taken', ['result']))
  taken.inc({ result: 'accepted' })
  taken.inc({ result: 'accepted' }, 2)
  expect(await linesOf(metrics, 'signalbox_taken_total')).toEqual([
    '# TYPE signalbox_taken_total counter',
    'signalbox_taken_total{result="accepted",component="router"} 3',
  ])
})

test('a counter without labels shows 0 before anything is counted', async () => {
  const metrics = createMetrics('router')
  metrics.counter(counter('signalbox_lost_total', 'Messages lost'))
  expect(await linesOf(metrics, 'signalbox_lost_total{')).toEqual([
    'signalbox_lost_total{component="router"} 0',
  ])
})

test('a plain number is read at each scrape', async () => {
  const metrics = createMetrics('gateway')
  let taken = 1
  metrics.read(counter('signalbox_taken_total', 'Messages taken'), () => taken)
  expect(await linesOf(metrics, 'signalbox_taken_total')).toEqual([
    '# TYPE signalbox_taken_total counter',
    'signalbox_taken_total{component="gateway"} 1',
  ])
  taken = 5
  expect(await linesOf(metrics, 'signalbox_taken_total')).toContain(
    'signalbox_taken_total{component="gateway"} 5',
  )
})

test('a gauge keeps its last value, and label values no longer read disappear', async () => {
  const metrics = createMetrics('workers')
  const depth = metrics.gauge(gauge('signalbox_depth', 'Depth', ['queue']))
  depth.set({ queue: 'dlr' }, 4)
  depth.set({ queue: 'dlr' }, 3)
  let connectors = ['north', 'south']
  const binds = gauge('signalbox_binds', 'Binds', ['connector'])
  metrics.readEach(binds, () => connectors.map((connector) => [{ connector }, 1]))
  expect(await linesOf(metrics, 'signalbox_depth{')).toEqual([
    'signalbox_depth{queue="dlr",component="workers"} 3',
  ])
  expect(await linesOf(metrics, 'signalbox_binds{')).toHaveLength(2)
  connectors = ['south']
  expect(await linesOf(metrics, 'signalbox_binds{')).toEqual([
    'signalbox_binds{connector="south",component="workers"} 1',
  ])
})

test('a histogram has cumulative buckets, a sum and a count', async () => {
  const metrics = createMetrics('workers')
  const seconds = new Histogram([0.1, 1])
  for (const value of [0.05, 0.5, 0.5, 3]) seconds.observe(value)
  const definition = histogram('signalbox_answer_seconds', 'Answer', ['connector'], [0.1, 1])
  metrics.readHistograms(definition, () => [[{ connector: 'north' }, seconds]])
  const of = 'connector="north",component="workers"'
  expect(await linesOf(metrics, 'signalbox_answer_seconds')).toEqual([
    '# TYPE signalbox_answer_seconds histogram',
    `signalbox_answer_seconds_bucket{le="0.1",${of}} 1`,
    `signalbox_answer_seconds_bucket{le="1",${of}} 3`,
    `signalbox_answer_seconds_bucket{le="+Inf",${of}} 4`,
    `signalbox_answer_seconds_sum{${of}} 4.05`,
    `signalbox_answer_seconds_count{${of}} 4`,
  ])
})

/** Two more values of the label `account_class` than a metric shows by name. */
const CLASSES = Array.from({ length: LABELS.account_class.max + 2 }, (_, index) => `c${index}`)

test('label values beyond the limit are counted together as `other`', async () => {
  const metrics = createMetrics('gateway')
  const pushed = metrics.counter(counter('signalbox_a_total', 'A', ['account_class']))
  for (const name of CLASSES) pushed.inc({ account_class: name })
  const read = counter('signalbox_b_total', 'B', ['account_class'])
  metrics.readEach(read, () => CLASSES.map((name) => [{ account_class: name }, 2]))
  const seconds = new Histogram([1])
  seconds.observe(0.5)
  const timed = histogram('signalbox_c_seconds', 'C', ['account_class'], [1])
  metrics.readHistograms(timed, () => CLASSES.map((name) => [{ account_class: name }, seconds]))
  const other = 'account_class="other",component="gateway"'
  for (const line of [
    `signalbox_a_total{${other}} 2`,
    `signalbox_b_total{${other}} 4`,
    `signalbox_c_seconds_count{${other}} 2`,
    `signalbox_c_seconds_bucket{le="1",${other}} 2`,
  ])
    expect(await linesOf(metrics, line)).toEqual([line])
  for (const name of ['signalbox_a_total{', 'signalbox_b_total{', 'signalbox_c_seconds_count{'])
    expect(await linesOf(metrics, name)).toHaveLength(LABELS.account_class.max + 1)
})

test('the label values that are shown by name are the same at every scrape', async () => {
  const metrics = createMetrics('gateway')
  let names = CLASSES
  const read = counter('signalbox_b_total', 'B', ['account_class'])
  metrics.readEach(read, () => names.map((name) => [{ account_class: name }, 2]))
  const before = await linesOf(metrics, 'signalbox_b_total{')
  names = CLASSES.toReversed()
  expect((await linesOf(metrics, 'signalbox_b_total{')).toSorted()).toEqual(before.toSorted())
})

test('for label values beyond the limit, a gauge of ages shows the largest age', async () => {
  const metrics = createMetrics('exporters')
  const age = metrics.gauge(gauge('signalbox_age_seconds', 'Age', ['account_class'], 'largest'))
  for (const [index, name] of CLASSES.entries()) age.set({ account_class: name }, 100 - index)
  expect(await linesOf(metrics, 'signalbox_age_seconds{account_class="other"')).toEqual([
    'signalbox_age_seconds{account_class="other",component="exporters"} 80',
  ])
})

test("Node's default metrics are included", async () => {
  const page = await createMetrics('dlr').registry.metrics()
  expect(page).toContain('nodejs_eventloop_lag_p99_seconds')
  expect(page).toContain('process_resident_memory_bytes')
  expect(page).toContain('process_cpu_seconds_total')
})
