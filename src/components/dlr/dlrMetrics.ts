// What the dlr-processor counts.

import { counter } from '../../runtime/metricDefinition.ts'

export const DLR_METRICS = {
  transitions: counter('signalbox_dlr_transitions_total', 'Changes of message states written'),
  matched: counter(
    'signalbox_dlr_matched_receipts_total',
    'Receipts matched with their message through the store',
  ),
  parked: counter(
    'signalbox_dlr_parked_receipts_total',
    'Receipts parked because no message fitted yet',
  ),
  ambiguous: counter(
    'signalbox_dlr_ambiguous_receipts_total',
    'Receipts parked because messages of several accounts fitted; also counted as parked',
  ),
  harmful: counter(
    'signalbox_dlr_harmful_receipts_total',
    'Failed attempts to read or write a parked receipt; each sweep tries again',
  ),
} as const
