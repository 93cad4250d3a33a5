// The metrics of the router.

import { counter } from '../../runtime/metricDefinition.ts'

export const ROUTER_METRICS = {
  publishedMessages: counter(
    'signalbox_router_published_messages_total',
    'Messages made durable on a submit queue',
  ),
  publishedBatches: counter(
    'signalbox_router_published_batches_total',
    'Gateway batches made durable',
  ),
  refusedMessages: counter(
    'signalbox_router_refused_messages_total',
    'Messages refused by policy, or because no route matches or is in service',
    ['command_status'],
  ),
} as const
