// Checks a /metrics page against the conventions of Prometheus: names, units, help texts, types,
// labels and the number of label values. Only metrics with our prefix are checked, because
// prom-client chooses the names of the metrics of Node.

import { LABELS, OTHER } from '../src/runtime/metricLabels.ts'

export interface Sample {
  /** The name of the series, including the suffix of a histogram. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: readonly Sample[]
}

export interface Page {
  readonly families: readonly Family[]
  readonly problems: readonly string[]
}

const PREFIX = 'signalbox_'
const NAME = /^signalbox(_[a-z][a-z0-9]*)+$/
/** Units other than base units, and types as parts of names. */
const BAD_WORDS =
  /_(ms|milliseconds|microseconds|minutes|hours|days|kb|mb|kilobytes|percent|counter|gauge)(_|$)/
const SERIES = /_(bucket|sum|count|total|info)$/
const HELP_MAX = 160

/** Parses a page in the text format. Lines without our prefix are ignored. */
export function readPage(text: string): Page {
  const problems: string[] = []
  const families: { name: string; type: string; help: string; samples: Sample[] }[] = []
  let help: { name: string; text: string } | undefined
  for (const line of text.split('\n')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? []
    if (keyword === 'HELP') help = { name, text: rest }
    else if (keyword === 'TYPE' && name.startsWith(PREFIX)) {
      if (help?.name !== name) problems.push(`${name}: no HELP before its TYPE`)
      if (families.some((family) => family.name === name)) problems.push(`${name}: shown twice`)
      families.push({ name, type: rest, help: help?.name === name ? help.text : '', samples: [] })
    } else if (line.startsWith(PREFIX)) {
      const sample = readSample(line)
      const family = families.at(-1)
      if (sample && family && belongsTo(sample, family)) family.samples.push(sample)
      else problems.push(`unreadable, or under the wrong TYPE: ${line}`)
    }
  }
  return { families, problems }
}

function readSample(line: string): Sample | undefined {
  const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  if (name === undefined) return undefined
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
  return {
    name,
    labels: Object.fromEntries(pairs.map(([, label = '', text = '']) => [label, text])),
    value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value),
  }
}

function belongsTo({ name }: Sample, family: Pick<Family, 'name' | 'type'>): boolean {
  if (family.type !== 'histogram') return name === family.name
  return ['_bucket', '_sum', '_count'].some((suffix) => name === family.name + suffix)
}

/** Problems of the metrics page of one component; empty for a correct page. */
export function lintPage(text: string, component: string): string[] {
  const { families, problems } = readPage(text)
  const found = families.flatMap((family) =>
    [
      ...nameProblems(family),
      ...helpProblems(family),
      ...labelProblems(family, component),
      ...valueProblems(family),
    ].map((problem) => `${family.name}: ${problem}`),
  )
  return [...problems, ...found]
}

function nameProblems({ name, type }: Family): string[] {
  const problems: string[] = []
  if (!NAME.test(name)) problems.push('its name is not lower-case words joined by _')
  const bad = BAD_WORDS.exec(name)
  if (bad) problems.push(`its name contains "${bad[1]}"; use base units and no types`)
  if (type === 'counter' && !name.endsWith('_total')) problems.push('a counter ends in _total')
  if (type !== 'counter' && SERIES.test(name))
    problems.push(`a ${type} must not end in _total or the like`)
  if (type === 'histogram' && !/_(seconds|bytes)$/.test(name)) problems.push('its name has no unit')
  if (/_(age|lag|delay|duration|timestamp)(_total)?$/.test(name))
    problems.push('its name has no unit')
  if (!['counter', 'gauge', 'histogram'].includes(type)) problems.push(`its type is ${type}`)
  return problems
}

function helpProblems({ help }: Family): string[] {
  if (help === '') return ['it has no help text']
  const problems: string[] = []
  if (!/^([A-Z0-9]|deliver_sm|submit_sm)/.test(help)) problems.push('its help starts in lower case')
  if (/[.\s]$/.test(help)) problems.push('its help ends in a full stop or a space')
  if (help.length > HELP_MAX) problems.push(`its help is longer than ${HELP_MAX} characters`)
  return problems
}

function labelProblems({ samples }: Family, component: string): string[] {
  const problems = new Set<string>()
  const values = new Map<string, Set<string>>()
  const seen = new Set<string>()
  for (const { labels, name } of samples) {
    const key = name + JSON.stringify(sortedLabels(labels))
    if (seen.has(key)) problems.add(`two samples with the labels ${JSON.stringify(labels)}`)
    seen.add(key)
    if (labels['component'] !== component) problems.add(`its component is not ${component}`)
    for (const [label, value] of Object.entries(labels)) {
      if (label === 'le') continue
      if (!(label in LABELS)) problems.add(`its label ${label} is not in metricLabels.ts`)
      if (value === '') problems.add(`its label ${label} is empty`)
      values.set(label, (values.get(label) ?? new Set()).add(value))
    }
  }
  for (const [label, { max }] of Object.entries(LABELS)) {
    const named = [...(values.get(label) ?? [])].filter((value) => value !== OTHER)
    if (named.length > max) problems.add(`${named.length} values of ${label}; the bound is ${max}`)
  }
  return [...problems]
}

function sortedLabels(labels: Sample['labels']): [string, string][] {
  return Object.entries(labels).toSorted(([a], [b]) => a.localeCompare(b))
}

function valueProblems(family: Family): string[] {
  const { samples, type } = family
  const problems: string[] = []
  if (samples.some(({ value }) => !Number.isFinite(value))) problems.push('a value is not a number')
  if (type !== 'gauge' && samples.some(({ value }) => value < 0))
    problems.push('a value is negative')
  if (type === 'histogram') problems.push(...bucketProblems(family))
  return problems
}

/**
 * Bounds of buckets ascend, their counts are cumulative, and the last bucket is +Inf and equals the
 * count.
 */
function bucketProblems({ name, samples }: Family): string[] {
  const problems: string[] = []
  let before = { bound: Number.NEGATIVE_INFINITY, count: 0 }
  for (const { labels, name: series, value } of samples) {
    if (series === `${name}_bucket`) {
      const bound = labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le'])
      if (!(bound > before.bound) || value < before.count) problems.push(`its bucket ${bound}`)
      before = { bound, count: value }
    } else if (series === `${name}_count`) {
      if (before.bound !== Number.POSITIVE_INFINITY) problems.push('no bucket +Inf')
      if (before.count !== value) problems.push('its last bucket is not its count')
      before = { bound: Number.NEGATIVE_INFINITY, count: 0 }
    }
  }
  return problems
}

/** Metrics whose type, help text or labels differ between the pages of two components. */
export function differences(pages: ReadonlyMap<string, string>): string[] {
  const known = new Map<string, string>()
  const problems: string[] = []
  for (const [component, text] of pages)
    for (const { help, name, samples, type } of readPage(text).families) {
      const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)))
      const meaning = JSON.stringify([type, help, samples.length > 0 ? [...labels].toSorted() : []])
      const other = known.get(name)
      if (other !== undefined && other !== meaning) problems.push(`${name} differs at ${component}`)
      known.set(name, meaning)
    }
  return problems
}
