import { DLR_QUEUE } from '../../message/receiptWire.ts'
import type { LabelName } from '../../runtime/metricLabels.ts'
import type { Metrics, PushedGauge } from '../../runtime/metrics.ts'
import { EXPORTER_METRICS } from './exporterMetrics.ts'
import type { PlatformGauges } from './readGauges.ts'

export interface PlatformMetrics {
  /** Sets all figures, which were read at `atMs`. */
  set(gauges: PlatformGauges, atMs: number): void
  /** Marks the database as unavailable. All other figures keep their last values. */
  storeAway(): void
}

/**
 * Creates the metrics of the platform. If the figures of a queue, for example, disappear after they
 * have been exported, they are exported as 0, so that alarms can distinguish 0 from unknown.
 */
export function createPlatformMetrics(metrics: Metrics): PlatformMetrics {
  const setters = [
    queueSetter(metrics),
    deliverySetter(metrics),
    bindSetter(metrics),
    healthSetter(metrics),
  ]
  const storeUp = metrics.gauge(EXPORTER_METRICS.storeUp)
  const readAt = metrics.gauge(EXPORTER_METRICS.lastRead)
  return {
    set(gauges, atMs) {
      for (const set of setters) set(gauges)
      storeUp.set({}, 1)
      readAt.set({}, atMs / 1000)
    },
    storeAway() {
      storeUp.set({}, 0)
    },
  }
}

type Setter = (gauges: PlatformGauges) => void

function queueSetter(metrics: Metrics): Setter {
  const envelopes = labelled(metrics.gauge(EXPORTER_METRICS.envelopes))
  const messages = labelled(metrics.gauge(EXPORTER_METRICS.messages))
  const age = labelled(metrics.gauge(EXPORTER_METRICS.oldestEnvelope))
  const lag = metrics.gauge(EXPORTER_METRICS.dlrLag)
  return ({ queues }) => {
    envelopes(queues.map((one) => [{ queue: one.queue }, one.envelopes]))
    messages(queues.map((one) => [{ queue: one.queue }, one.messages]))
    age(queues.map((one) => [{ queue: one.queue }, one.oldestAgeSeconds]))
    lag.set({}, queues.find(({ queue }) => queue === DLR_QUEUE)?.oldestAgeSeconds ?? 0)
  }
}

function deliverySetter(metrics: Metrics): Setter {
  const pending = metrics.gauge(EXPORTER_METRICS.outboxPending)
  const age = metrics.gauge(EXPORTER_METRICS.oldestDelivery)
  const parked = metrics.gauge(EXPORTER_METRICS.parkedReceipts)
  const later = metrics.gauge(EXPORTER_METRICS.laterMessages)
  return (gauges) => {
    pending.set({}, gauges.outboxPending)
    age.set({}, gauges.outboxOldestAgeSeconds)
    parked.set({}, gauges.parkedReceipts)
    later.set({}, gauges.laterMessages)
  }
}

function bindSetter(metrics: Metrics): Setter {
  const bound = labelled(metrics.gauge(EXPORTER_METRICS.upstreamBinds))
  const leased = labelled(metrics.gauge(EXPORTER_METRICS.leasedBindSlots))
  const configured = labelled(metrics.gauge(EXPORTER_METRICS.configuredBindSlots))
  return ({ boundSlots, heldSlots, configuredSlots }) => {
    // A connector without leased slots, or without binds, is exported as 0 instead of being absent.
    const none = configuredSlots.map(({ connector }) => ({ connector, slots: 0 }))
    bound(byConnector([...none, ...boundSlots]))
    leased(byConnector([...none, ...heldSlots]))
    configured(byConnector(configuredSlots))
  }
}

function byConnector(slots: PlatformGauges['heldSlots']): Values<'connector'> {
  return slots.map((one) => [{ connector: one.connector }, one.slots])
}

function healthSetter(metrics: Metrics): Setter {
  const dead = labelled(metrics.gauge(EXPORTER_METRICS.deadLetters))
  const processes = labelled(metrics.gauge(EXPORTER_METRICS.processes))
  return (gauges) => {
    dead(gauges.deadLetters.map(({ queue, letters }) => [{ queue }, letters]))
    processes(gauges.processes.map((one) => [{ counted_component: one.component }, one.processes]))
  }
}

type Values<Label extends LabelName> = readonly (readonly [Record<Label, string>, number])[]

/**
 * Returns a function that sets the given values of the gauge. Labels that earlier calls have set
 * and that are missing from the given values are set to 0.
 */
function labelled<Label extends LabelName>(
  gauge: PushedGauge<Label>,
): (values: Values<Label>) => void {
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
