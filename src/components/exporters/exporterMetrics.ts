// The metrics that the exporters read from the database.

import { gauge } from '../../runtime/metricDefinition.ts'

export const EXPORTER_METRICS = {
  storeUp: gauge('signalbox_store_up', '1 if the last read of the database succeeded, otherwise 0'),
  lastRead: gauge(
    'signalbox_store_last_read_timestamp_seconds',
    'Time of the last successful read of the database',
  ),
  envelopes: gauge(
    'signalbox_queue_envelopes',
    'Envelopes on a queue, including those in progress',
    ['queue'],
  ),
  messages: gauge('signalbox_queue_messages', 'Messages on a queue, including those in progress', [
    'queue',
  ]),
  oldestEnvelope: gauge(
    'signalbox_queue_oldest_age_seconds',
    'Age of the oldest envelope on a queue',
    ['queue'],
    'largest',
  ),
  dlrLag: gauge(
    'signalbox_dlr_lag_seconds',
    'How long the oldest receipt from an SMSC has been waiting to be processed',
  ),
  outboxPending: gauge('signalbox_outbox_pending', 'Waiting deliveries to customers'),
  oldestDelivery: gauge(
    'signalbox_outbox_oldest_age_seconds',
    'Age of the oldest waiting delivery',
  ),
  parkedReceipts: gauge('signalbox_parked_receipts', 'Receipts that match no message yet'),
  laterMessages: gauge('signalbox_later_messages', 'Messages waiting for another attempt'),
  deadLetters: gauge(
    'signalbox_dead_letters',
    'Envelopes set aside because they could not be processed',
    ['queue'],
  ),
  upstreamBinds: gauge(
    'signalbox_upstream_binds',
    'Open binds of a connector, as reported by live workers',
    ['connector'],
  ),
  leasedBindSlots: gauge(
    'signalbox_upstream_bind_slots_leased',
    'Bind slots of a connector that workers have leased, whether bound or not',
    ['connector'],
  ),
  configuredBindSlots: gauge(
    'signalbox_upstream_bind_slots_configured',
    'Bind slots that an enabled connector allows',
    ['connector'],
  ),
  processes: gauge(
    'signalbox_processes',
    'Processes of a component that reported in the last five seconds',
    ['counted_component'],
  ),
  oldestRow: gauge(
    'signalbox_oldest_row_age_seconds',
    'Age of the oldest row of each kind of data that retention removes; 0 if there are no rows',
    ['rows'],
    'largest',
  ),
} as const
