// The metrics of the admin component.

import { counter } from '../../runtime/metricDefinition.ts'

export const ADMIN_METRICS = {
  redrivenDeadLetters: counter(
    'signalbox_admin_redriven_dead_letters_total',
    'Dead letters that were published to their queues again',
    ['queue'],
  ),
} as const
