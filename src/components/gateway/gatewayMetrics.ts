// The metrics of the gateway.

import { ANSWER_SECONDS, counter, gauge, histogram } from '../../runtime/metricDefinition.ts'

export const GATEWAY_METRICS = {
  binds: gauge('signalbox_gateway_binds', 'Customer binds of this process'),
  revokedBinds: counter(
    'signalbox_gateway_revoked_binds_total',
    'Customer binds ended because a user, a password or an account was revoked',
    ['reason'],
  ),
  passwordChecks: counter(
    'signalbox_gateway_password_checks_total',
    'Passwords checked against their stored hash; each check takes about 40 ms of CPU time',
  ),
  passwordChecksWaiting: gauge(
    'signalbox_gateway_password_checks_waiting',
    'Passwords waiting to be checked before a bind',
  ),
  httpConnections: gauge('signalbox_gateway_http_connections', 'Open HTTP connections'),
  droppedHttpConnections: counter(
    'signalbox_gateway_dropped_http_connections_total',
    'HTTP connections closed immediately at the limit SIGNALBOX_HTTP_MAX_CONNECTIONS',
  ),
  messagesInFlight: gauge(
    'signalbox_gateway_messages_in_flight',
    'Messages waiting for the verdict of a router',
  ),
  acceptedMessages: counter(
    'signalbox_gateway_accepted_messages_total',
    'Messages answered with ESME_ROK or HTTP 202',
    ['account_class'],
  ),
  refusedMessages: counter(
    'signalbox_gateway_refused_messages_total',
    'Messages refused, over SMPP or HTTP',
    ['account_class', 'command_status'],
  ),
  unknownOutcomes: counter(
    'signalbox_gateway_unknown_outcome_messages_total',
    'Messages refused at the deadline because no router answered; they may have been accepted',
  ),
  verdictSeconds: histogram(
    'signalbox_gateway_verdict_seconds',
    'Time from reading a message to its verdict',
    [],
    ANSWER_SECONDS,
  ),
  deliveries: counter(
    'signalbox_gateway_deliveries_total',
    'Answers to deliver_sm by result: acknowledged, permanently refused, or to be retried',
    ['result'],
  ),
  deliveriesInHand: gauge(
    'signalbox_gateway_deliveries_in_hand',
    'Deliveries leased by this process: waiting for a window, in flight, or being settled',
  ),
  deliveriesPutBack: counter(
    'signalbox_gateway_deliveries_put_back_total',
    'Deliveries put back into the outbox because their customer disconnected or was slow',
  ),
} as const
