// The metrics of the dlr-processor.

import { counter, histogram, STAGE_SECONDS } from '../../runtime/metricDefinition.ts'

/** Each key is also a key of `counters` in StateWriter. */
export const DLR_COUNTERS = {
  transitions: counter('signalbox_dlr_transitions_total', 'Changes of message states written'),
  matched: counter(
    'signalbox_dlr_matched_receipts_total',
    'Receipts matched to their message by a look-up in the database',
  ),
  parked: counter(
    'signalbox_dlr_parked_receipts_total',
    'Receipts parked because no message matched yet',
  ),
  ambiguous: counter(
    'signalbox_dlr_ambiguous_receipts_total',
    'Receipts parked because messages of several accounts matched; also counted as parked',
  ),
  harmful: counter(
    'signalbox_dlr_harmful_receipts_total',
    'Failed attempts to read or write a parked receipt; each sweep tries again',
  ),
} as const

export const DLR_METRICS = {
  ...DLR_COUNTERS,
  receiptSeconds: histogram(
    'signalbox_dlr_submit_to_receipt_seconds',
    'Time from submitting a message to its final receipt, for receipts matched in the database',
    ['connector'],
    STAGE_SECONDS,
  ),
} as const
