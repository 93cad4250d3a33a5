import { expect, test } from 'vitest'
import { counter, gauge } from '../src/runtime/metricDefinition.ts'
import { LABELS } from '../src/runtime/metricLabels.ts'
import { createMetrics } from '../src/runtime/metrics.ts'
import { differences, lintPage } from './metricsLint.ts'

function page(type: string, name: string, samples: readonly string[], help = 'Help'): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples, ''].join('\n')
}

const IN = 'component="workers"'
const LIMIT = LABELS.account_class.max + 1
const classes = Array.from(
  { length: LIMIT },
  (_, index) => `signalbox_a{account_class="c${index}",${IN}} 1`,
)

const FAULTY: readonly [complaint: string, text: string][] = [
  ['a counter ends in _total', page('counter', 'signalbox_a', [])],
  ['must not end in _total', page('gauge', 'signalbox_a_total', [])],
  ['joined by _', page('gauge', 'signalbox_A', [])],
  ['its name contains "ms"', page('gauge', 'signalbox_wait_ms', [])],
  ['its name contains "hours"', page('gauge', 'signalbox_age_hours', [])],
  ['its name has no unit', page('histogram', 'signalbox_answer', [])],
  ['its name has no unit', page('gauge', 'signalbox_queue_age', [])],
  ['its type is untyped', page('untyped', 'signalbox_a', [])],
  ['it has no help text', page('gauge', 'signalbox_a', [], '')],
  ['its help starts in lower case', page('gauge', 'signalbox_a', [], 'help')],
  ['ends in a full stop', page('gauge', 'signalbox_a', [], 'Help.')],
  ['no HELP before its TYPE', '# TYPE signalbox_a gauge\n'],
  ['shown twice', page('gauge', 'signalbox_a', []).repeat(2)],
  ['under the wrong TYPE', page('gauge', 'signalbox_a', [`signalbox_b{${IN}} 1`])],
  ['two samples', page('gauge', 'signalbox_a', [`signalbox_a{${IN}} 1`, `signalbox_a{${IN}} 2`])],
  ['is not in metricLabels.ts', page('gauge', 'signalbox_a', [`signalbox_a{x="1",${IN}} 1`])],
  ['label queue is empty', page('gauge', 'signalbox_a', [`signalbox_a{queue="",${IN}} 1`])],
  ['component is not workers', page('gauge', 'signalbox_a', ['signalbox_a{component="dlr"} 1'])],
  [`${LIMIT} values of account_class`, page('gauge', 'signalbox_a', classes)],
  ['is not a number', page('gauge', 'signalbox_a', [`signalbox_a{${IN}} NaN`])],
  ['is negative', page('counter', 'signalbox_a_total', [`signalbox_a_total{${IN}} -1`])],
  [
    'its bucket',
    page('histogram', 'signalbox_a_seconds', [
      `signalbox_a_seconds_bucket{le="1",${IN}} 2`,
      `signalbox_a_seconds_bucket{le="+Inf",${IN}} 1`,
    ]),
  ],
  [
    'its last bucket is not its count',
    page('histogram', 'signalbox_a_seconds', [
      `signalbox_a_seconds_bucket{le="+Inf",${IN}} 1`,
      `signalbox_a_seconds_count{${IN}} 2`,
    ]),
  ],
]

test.each(FAULTY)('the linter reports: %s', (complaint, text) => {
  expect(lintPage(text, 'workers').join('\n')).toContain(complaint)
})

test('a metric name with two different help texts is reported', () => {
  const pages = new Map([
    ['gateway', page('gauge', 'signalbox_a', [], 'One')],
    ['workers', page('gauge', 'signalbox_a', [], 'Another')],
  ])
  expect(differences(pages)).toEqual(['signalbox_a differs at workers'])
  expect(differences(new Map([...pages].slice(1)))).toEqual([])
})

test('the linter reports nothing about a correct page', async () => {
  const metrics = createMetrics('workers')
  metrics.gauge(gauge('signalbox_a', 'A', ['queue'])).set({ queue: 'dlr "quoted"' }, 1)
  metrics.counter(counter('signalbox_b_total', 'B'))
  expect(lintPage(await metrics.registry.metrics(), 'workers')).toEqual([])
})
