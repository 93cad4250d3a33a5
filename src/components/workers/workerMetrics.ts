// The definitions of the workers' metrics.

import {
  ANSWER_SECONDS,
  counter,
  gauge,
  histogram,
  STAGE_SECONDS,
} from '../../runtime/metricDefinition.ts'

export const WORKER_METRICS = {
  binds: gauge('signalbox_workers_binds', 'Upstream binds of this process that are up', [
    'connector',
  ]),
  pace: gauge(
    'signalbox_workers_pace_messages_per_second',
    'Messages a second that this process may submit',
    ['connector'],
  ),
  outcomes: counter(
    'signalbox_workers_outcomes_total',
    'Messages that left a worker, by result: submitted, failed, deferred (waits for another ' +
      'attempt), expired, purged or moved (from a disabled connector)',
    ['connector', 'result'],
  ),
  responses: counter('signalbox_workers_submit_responses_total', 'Responses to submit_sm', [
    'connector',
    'command_status',
  ]),
  responseSeconds: histogram(
    'signalbox_workers_submit_response_seconds',
    'Time from writing a submit_sm to its response',
    ['connector'],
    ANSWER_SECONDS,
  ),
  submitSeconds: histogram(
    'signalbox_workers_accept_to_submit_seconds',
    'Time from accepting a message to its successful submission',
    ['connector'],
    STAGE_SECONDS,
  ),
  resubmitted: counter(
    'signalbox_workers_resubmitted_messages_total',
    'Repeated submissions of messages that the SMSC may already have',
    ['connector', 'cause'],
  ),
  receipts: counter('signalbox_workers_receipts_total', 'Receipts made durable', [
    'connector',
    'message_state',
  ]),
  receiptSeconds: histogram(
    'signalbox_workers_submit_to_receipt_seconds',
    'Time from submitting a message to its final receipt, for receipts matched in memory',
    ['connector'],
    STAGE_SECONDS,
  ),
  unprocessableReceipts: counter(
    'signalbox_workers_unprocessable_receipts_total',
    'Receipts refused permanently because of an internal error, which is in the log',
  ),
  refusedMobileOriginated: counter(
    'signalbox_workers_refused_mobile_originated_total',
    'Mobile-originated messages, refused with a temporary error because they have no route yet',
  ),
  refusedOutcomes: counter(
    'signalbox_workers_refused_outcomes_total',
    'Outcomes and events that the database permanently refused; only their messages fail',
  ),
  strandedMessages: counter(
    'signalbox_workers_stranded_messages_total',
    'Messages ended because their connector was deleted',
    ['connector'],
  ),
} as const
