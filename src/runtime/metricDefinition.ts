// Definitions of metrics. Each component defines its metrics in one file. The process of the
// component registers them (metrics.ts), and docs/metrics.md is generated from them. The types
// enforce Prometheus' conventions for names: a prefix, `_total` for counters, and base units.

import type { LabelName } from './metricLabels.ts'

interface Described<Label extends LabelName> {
  readonly name: string
  readonly help: string
  readonly labels: readonly Label[]
}

export interface CounterDefinition<Label extends LabelName = LabelName> extends Described<Label> {
  readonly kind: 'counter'
}

export interface GaugeDefinition<Label extends LabelName = LabelName> extends Described<Label> {
  readonly kind: 'gauge'
  /**
   * How values are combined if their labels are equal. A metric shows a limited number of values of
   * each label by name, and replaces all further values with `other`.
   */
  readonly joinedBy: 'sum' | 'largest'
}

export interface HistogramDefinition<Label extends LabelName = LabelName> extends Described<Label> {
  readonly kind: 'histogram'
  /** The highest value of each bucket, in ascending order. */
  readonly bounds: readonly number[]
}

export type MetricDefinition = CounterDefinition | GaugeDefinition | HistogramDefinition

/** Buckets for the time that a peer takes to answer: from one millisecond to 30 seconds. */
export const ANSWER_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const

/** Buckets for one stage in the life of a message: from ten milliseconds to two days. */
export const STAGE_SECONDS = [
  0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 43_200, 172_800,
] as const

export function counter<Label extends LabelName = never>(
  name: `signalbox_${string}_total`,
  help: string,
  labels: readonly Label[] = [],
): CounterDefinition<Label> {
  return { kind: 'counter', name, help, labels }
}

export function gauge<Label extends LabelName = never>(
  name: `signalbox_${string}`,
  help: string,
  labels: readonly Label[] = [],
  joinedBy: GaugeDefinition['joinedBy'] = 'sum',
): GaugeDefinition<Label> {
  return { kind: 'gauge', name, help, labels, joinedBy }
}

export function histogram<Label extends LabelName = never>(
  name: `signalbox_${string}_seconds`,
  help: string,
  labels: readonly Label[],
  bounds: readonly number[],
): HistogramDefinition<Label> {
  return { kind: 'histogram', name, help, labels, bounds }
}
