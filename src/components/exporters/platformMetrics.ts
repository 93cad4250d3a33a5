import { DLR_QUEUE } from '../../message/receiptWire.ts'
import type { Gauge, Metrics } from '../../runtime/metrics.ts'
import type { PlatformGauges } from './readGauges.ts'

export interface PlatformMetrics {
  /** Takes over new figures. */
  set(gauges: PlatformGauges, atMs: number): void
  /** The store did not answer: the figures stay as they were, and say so. */
  storeAway(): void
}

/** Names carry units. Labels stay once seen and fall to 0, so alarms can tell 0 from unknown. */
export function createPlatformMetrics(metrics: Metrics): PlatformMetrics {
  const setters = [
    queueSetter(metrics),
    deliverySetter(metrics),
    bindSetter(metrics),
    healthSetter(metrics),
  ]
  const storeUp = metrics.gauge('store_up', '1 when the last read of the store succeeded, else 0')
  const readAt = metrics.gauge(
    'store_last_read_timestamp_seconds',
    'When the figures of the platform were read from the store last',
  )
  return {
    set(gauges, atMs) {
      for (const set of setters) set(gauges)
      storeUp.set(1)
      readAt.set(atMs / 1000)
    },
    storeAway() {
      storeUp.set(0)
    },
  }
}

type Setter = (gauges: PlatformGauges) => void

function queueSetter(metrics: Metrics): Setter {
  const labels = ['queue'] as const
  const envelopes = labelled(
    metrics.gauge('queue_envelopes', 'Envelopes on a queue, those in work included', labels),
  )
  const messages = labelled(
    metrics.gauge('queue_messages', 'Messages on a queue, those in work included', labels),
  )
  const age = labelled(
    metrics.gauge('queue_oldest_age_seconds', 'Age of the oldest envelope on a queue', labels),
  )
  const lag = metrics.gauge(
    'dlr_lag_seconds',
    'How long the oldest receipt from an SMSC has waited to be processed',
  )
  return ({ queues }) => {
    envelopes(queues.map((one) => [{ queue: one.queue }, one.envelopes]))
    messages(queues.map((one) => [{ queue: one.queue }, one.messages]))
    age(queues.map((one) => [{ queue: one.queue }, one.oldestAgeSeconds]))
    lag.set(queues.find(({ queue }) => queue === DLR_QUEUE)?.oldestAgeSeconds ?? 0)
  }
}

function deliverySetter(metrics: Metrics): Setter {
  const pending = metrics.gauge('outbox_pending', 'Deliveries to customers that wait')
  const age = metrics.gauge('outbox_oldest_age_seconds', 'Age of the oldest delivery that waits')
  const parked = metrics.gauge('parked_receipts', 'Receipts that match no message yet')
  const later = metrics.gauge('later_messages', 'Messages that wait for another attempt')
  return (gauges) => {
    pending.set(gauges.outboxPending)
    age.set(gauges.outboxOldestAgeSeconds)
    parked.set(gauges.parkedReceipts)
    later.set(gauges.laterMessages)
  }
}

function bindSetter(metrics: Metrics): Setter {
  const held = labelled(
    metrics.gauge('upstream_binds', 'Bind slots of a connector that a worker holds', ['connector']),
  )
  const configured = labelled(
    metrics.gauge('upstream_bind_slots_configured', 'Bind slots that a connector allows', [
      'connector',
    ]),
  )
  return ({ heldSlots, configuredSlots }) => {
    const slotsOf = new Map(heldSlots.map(({ connector, slots }) => [connector, slots]))
    // A connector without a holder reads 0 instead of having no figure.
    for (const { connector } of configuredSlots) slotsOf.set(connector, slotsOf.get(connector) ?? 0)
    held([...slotsOf].map(([connector, slots]) => [{ connector }, slots]))
    configured(configuredSlots.map(({ connector, slots }) => [{ connector }, slots]))
  }
}

function healthSetter(metrics: Metrics): Setter {
  const dead = labelled(
    metrics.gauge('dead_letters', 'Envelopes set aside because they did harm', ['queue']),
  )
  const processes = labelled(
    metrics.gauge('processes', 'Processes that gave a sign of life lately', ['component']),
  )
  return (gauges) => {
    dead(gauges.deadLetters.map(({ queue, letters }) => [{ queue }, letters]))
    processes(gauges.processes.map((one) => [{ component: one.component }, one.processes]))
  }
}

type Values<Label extends string> = readonly (readonly [Record<Label, string>, number])[]

/** Sets the given values, and 0 for labels that were set before and are missing now. */
function labelled<Label extends string>(gauge: Gauge<Label>): (values: Values<Label>) => void {
  const seen = new Map<string, Record<Label, string>>()
  return (values) => {
    const gone = new Map(seen)
    for (const [labels, value] of values) {
      const key = JSON.stringify(labels)
      seen.set(key, labels)
      gone.delete(key)
      gauge.set(labels, value)
    }
    for (const labels of gone.values()) gauge.set(labels, 0)
  }
}
