// The metrics of a process in Prometheus format. A call to a prom-client counter takes 170 ns, so
// code that runs for each message counts in plain numbers instead. These numbers are read at each
// scrape. Node's default metrics keep the names that existing dashboards use.

import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Metric } from 'prom-client'
import { Histogram } from '../flow/histogram.ts'
import type { CounterDefinition, GaugeDefinition, HistogramDefinition } from './metricDefinition.ts'
import { type LabelName, LABELS, LabelValues } from './metricLabels.ts'

type Labels<Label extends LabelName> = Readonly<Record<Label, string>>
/** A value with its labels. Values with the same labels are combined. */
export type Reading<Label extends LabelName, Value = number> = readonly [Labels<Label>, Value]

/** A counter for rare events. Each call of inc() takes a microsecond. */
export interface PushedCounter<Label extends LabelName> {
  inc(labels: Labels<Label>, by?: number): void
}

export interface PushedGauge<Label extends LabelName> {
  set(labels: Labels<Label>, value: number): void
}

type Readable<Label extends LabelName> = CounterDefinition<Label> | GaugeDefinition<Label>

export interface Metrics {
  readonly registry: Pick<Registry, 'metrics' | 'contentType'>
  counter<Label extends LabelName>(definition: CounterDefinition<Label>): PushedCounter<Label>
  gauge<Label extends LabelName>(definition: GaugeDefinition<Label>): PushedGauge<Label>
  /** Registers a metric without labels. `read` is called at each scrape. */
  read(definition: Readable<never>, read: () => number): void
  /**
   * Registers a metric with labels. `read` is called at each scrape. A label value is shown only if
   * `read` has returned it for that scrape.
   */
  readEach<Label extends LabelName>(
    definition: Readable<Label>,
    read: () => Iterable<Reading<Label>>,
  ): void
  /** Registers a histogram. `read` is called at each scrape. */
  readHistograms<Label extends LabelName>(
    definition: HistogramDefinition<Label>,
    read: () => Iterable<Reading<Label, Histogram>>,
  ): void
}

export function createMetrics(component: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ component })
  collectDefaultMetrics({ register: registry })
  const readEach: Metrics['readEach'] = (definition, read) => register(registry, definition, read)
  return {
    registry,
    readEach,
    read: (definition, read) => readEach(definition, () => [[{}, read()]]),
    counter: (definition) => pushedCounter(definition, readEach),
    gauge: (definition) => pushedGauge(definition, readEach),
    readHistograms: (definition, read) => {
      const name = definition.name
      const joined = joinedBy(definition.labels, sumOf)
      const get = async () => ({ ...shownAs(definition), values: samplesOf(name, joined(read())) })
      // The registry uses only these members: it stores the metric by name and calls get().
      registry.registerMetric({ name, get } as unknown as Metric<string>)
    },
  }
}

function register<Label extends LabelName>(
  registry: Registry,
  definition: Readable<Label>,
  read: () => Iterable<Reading<Label>>,
): void {
  const { name, help, labels, kind } = definition
  const joinsLargest = kind === 'gauge' && definition.joinedBy === 'largest'
  const joined = joinedBy(labels, joinsLargest ? Math.max : (a, b) => a + b)
  const configuration = { name, help, labelNames: labels, registers: [registry] }
  if (kind === 'counter')
    new Counter<Label>({
      ...configuration,
      collect() {
        this.reset()
        for (const [values, value] of joined(read())) this.inc(values, value)
      },
    })
  else
    new Gauge<Label>({
      ...configuration,
      collect() {
        this.reset()
        for (const [values, value] of joined(read())) this.set(values, value)
      },
    })
}

function pushedCounter<Label extends LabelName>(
  definition: CounterDefinition<Label>,
  readEach: Metrics['readEach'],
): PushedCounter<Label> {
  const bounded = boundedLabels(definition.labels)
  const counts = new Map<string, [Labels<Label>, number]>()
  const inc: PushedCounter<Label>['inc'] = (raw, by = 1) => {
    const labels = bounded(raw)
    const key = JSON.stringify(labels)
    const known = counts.get(key)
    if (known) known[1] += by
    else counts.set(key, [labels, by])
  }
  // A counter without labels has one series. It is shown before the first inc(), because an alert
  // may need it.
  if (definition.labels.length === 0) counts.set('{}', [bounded({}), 0])
  readEach(definition, () => counts.values())
  return { inc }
}

function pushedGauge<Label extends LabelName>(
  definition: GaugeDefinition<Label>,
  readEach: Metrics['readEach'],
): PushedGauge<Label> {
  const last = new Map<string, Reading<Label>>()
  readEach(definition, () => last.values())
  return { set: (labels, value) => last.set(JSON.stringify(labels), [labels, value]) }
}

/** Returns a function that replaces each value beyond the limit of its label with `other`. */
function boundedLabels<Label extends LabelName>(
  names: readonly Label[],
): (labels: Partial<Labels<Label>>) => Labels<Label> {
  const values = names.map((name) => [name, new LabelValues(LABELS[name].max)] as const)
  return (labels) => {
    const bounded = values.map(([name, known]) => [name, known.named(labels[name] ?? '')])
    // The object has exactly one value for each name.
    return Object.fromEntries(bounded) as Labels<Label>
  }
}

/** Returns a function that limits label values and then combines readings with equal labels. */
function joinedBy<Label extends LabelName, Value>(
  names: readonly Label[],
  join: (a: Value, b: Value) => Value,
): (readings: Iterable<Reading<Label, Value>>) => Iterable<Reading<Label, Value>> {
  const bounded = boundedLabels(names)
  return (readings) => {
    const all = new Map<string, Reading<Label, Value>>()
    for (const [raw, value] of readings) {
      const labels = bounded(raw)
      const key = JSON.stringify(labels)
      const known = all.get(key)
      all.set(key, [labels, known ? join(known[1], value) : value])
    }
    return all.values()
  }
}

function sumOf(a: Histogram, b: Histogram): Histogram {
  const sum = new Histogram(a.bounds)
  sum.add(a)
  sum.add(b)
  return sum
}

function shownAs({ name, help, kind }: HistogramDefinition) {
  return { name, help, type: kind, aggregator: 'sum' }
}

interface Sample {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** The samples of histograms. In Prometheus, each bucket includes the counts of all lower ones. */
function samplesOf(
  name: string,
  readings: Iterable<readonly [labels: Sample['labels'], value: Histogram]>,
): Sample[] {
  const samples: Sample[] = []
  for (const [labels, { bounds, counts, sum }] of readings) {
    let count = 0
    for (const [bucket, inBucket] of counts.entries()) {
      count += inBucket
      const le = bounds[bucket] ?? '+Inf'
      samples.push({ metricName: `${name}_bucket`, labels: { le, ...labels }, value: count })
    }
    samples.push({ metricName: `${name}_sum`, labels, value: sum })
    samples.push({ metricName: `${name}_count`, labels, value: count })
  }
  return samples
}
