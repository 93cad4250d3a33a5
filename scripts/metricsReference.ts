// Makes docs/metrics.md from the definitions of all components' metrics and of their labels.

import { DLR_METRICS } from '../src/components/dlr/dlrMetrics.ts'
import { EXPORTER_METRICS } from '../src/components/exporters/exporterMetrics.ts'
import { GATEWAY_METRICS } from '../src/components/gateway/gatewayMetrics.ts'
import { ROUTER_METRICS } from '../src/components/router/routerMetrics.ts'
import { WORKER_METRICS } from '../src/components/workers/workerMetrics.ts'
import type { MetricDefinition } from '../src/runtime/metricDefinition.ts'
import { LABELS, OTHER } from '../src/runtime/metricLabels.ts'
import { code, tableOf } from './markdownTable.ts'

/** By the component that shows them. */
export const METRICS: Readonly<Record<string, readonly MetricDefinition[]>> = {
  gateway: Object.values(GATEWAY_METRICS),
  router: Object.values(ROUTER_METRICS),
  workers: Object.values(WORKER_METRICS),
  dlr: Object.values(DLR_METRICS),
  admin: [],
  exporters: Object.values(EXPORTER_METRICS),
}

const OPENING = `# Metrics

Made by \`npm run docs\` from the definitions in the code; change them, not this page.

Every process shows its metrics at \`/metrics\` of its health port (9090 to 9095, see
\`SIGNALBOX_HEALTH_PORT\`), in Prometheus' format. The exporters show the figures of the whole
platform, which they read from the database every two seconds; all other processes show their own.
A process also shows Node's figures (\`process_*\`, \`nodejs_*\`). A counter starts from 0 when its
process starts.`

const RESPONSE = 'signalbox_workers_submit_response_seconds_bucket'
const WAIT = 'signalbox_workers_accept_to_submit_seconds_bucket'
const ACCEPTED = 'signalbox_gateway_accepted_messages_total'
const REFUSED = 'signalbox_gateway_refused_messages_total'
const RESPONSES = 'signalbox_workers_submit_responses_total'
const RECEIPTS = 'signalbox_workers_receipts_total'

const QUESTIONS: readonly (readonly [question: string, expression: string])[] = [
  ['How many messages a second are accepted?', `sum(rate(${ACCEPTED}[5m]))`],
  ['Why are messages refused?', `sum by (command_status) (rate(${REFUSED}[5m]))`],
  [
    'Which connectors lack a bind?',
    'signalbox_upstream_binds < signalbox_upstream_bind_slots_configured',
  ],
  ['Which connectors are down?', 'signalbox_upstream_binds == 0'],
  ['What does a carrier answer?', `sum by (connector, command_status) (rate(${RESPONSES}[5m]))`],
  [
    'How fast does a carrier answer (99 %)?',
    `histogram_quantile(0.99, sum by (connector, le) (rate(${RESPONSE}[5m])))`,
  ],
  [
    'How long do messages wait here (99 %)?',
    `histogram_quantile(0.99, sum by (connector, le) (rate(${WAIT}[5m])))`,
  ],
  [
    'Which share of messages does a carrier deliver?',
    `sum by (connector) (rate(${RECEIPTS}{message_state="DELIVERED"}[1h])) / ` +
      `sum by (connector) (rate(${RECEIPTS}[1h]))`,
  ],
  ['How late are receipts to customers?', 'signalbox_outbox_oldest_age_seconds'],
  ['Which queues grow?', 'deriv(signalbox_queue_messages[10m]) > 0'],
  ['Which components do not run?', 'signalbox_processes == 0'],
  [
    'Are the figures of the platform out of date?',
    'time() - signalbox_store_last_read_timestamp_seconds > 30',
  ],
]

export function metricsReference(): string {
  const sections = Object.entries(METRICS)
    .filter(([, definitions]) => definitions.length > 0)
    .map(([component, definitions]) => section(component, definitions))
  return `${[OPENING, questions(), ...sections, labels()].join('\n\n')}\n`
}

function questions(): string {
  const rows = QUESTIONS.map(([question, expression]) => [question, code(expression)])
  return ['## Questions and answers', ...tableOf(['question', 'expression'], rows)].join('\n\n')
}

function section(component: string, definitions: readonly MetricDefinition[]): string {
  const rows = definitions
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map(({ name, kind, labels: names, help }) => [
      code(name),
      kind,
      names.map(code).join(' '),
      help,
    ])
  return [`## ${component}`, ...tableOf(['metric', 'type', 'labels', 'meaning'], rows)].join('\n\n')
}

function labels(): string {
  const rows = Object.entries(LABELS).map(([name, { meaning, max }]) => [
    code(name),
    meaning,
    String(max),
  ])
  const text = `A label has the same meaning in every metric. A metric shows at most this many
values of a label by name, and counts all others together as \`${OTHER}\`. The first values that a
process meets keep their names until it ends. Every metric has the label \`component\`.`
  return ['## Labels', text, ...tableOf(['label', 'meaning', 'values at most'], rows)].join('\n\n')
}
