// The schemas of the two routes of the customers' HTTP API. docs/http-api.md is generated from
// them.

import { z } from 'zod'
import { MESSAGE_STATE, type MessageStateName } from '../../smpp/index.ts'
import type { Problems } from '../describedRoute.ts'
import { httpMessageSchema } from './httpMessage.ts'

const EXAMPLE_ID = '01a209f4-17c4-783d-a462-0a58c95b1e67'

// The type of Object.keys() is string[], but the keys of this table are state names.
const stateNames = Object.keys(MESSAGE_STATE) as MessageStateName[]
const messageId = z.string().describe('The id of the message.')
const instant = z.string().meta({ unit: 'ISO 8601, in UTC' })
const address = z.string().exactOptional()

export const acceptedMessageSchema = z
  .strictObject({ id: messageId, status: z.literal('accepted').describe('Always this word.') })
  .describe('The message is on disk and will be sent.')

export const messageStatusSchema = z
  .strictObject({
    id: messageId,
    to: address.describe('The number of the recipient, without `+`.'),
    from: address.describe('The sender.'),
    state: z
      .enum(stateNames)
      .describe('The current state; see [the states](#states-of-a-message).'),
    acceptedAt: instant.exactOptional().describe('When Signalbox accepted the message.'),
    submittedAt: instant
      .nullable()
      .exactOptional()
      .describe('When the carrier accepted the message; null before that.'),
    doneAt: instant.nullable().exactOptional().describe('When the message reached a final state.'),
    error: z
      .string()
      .nullable()
      .exactOptional()
      .describe("The carrier's error code, or Signalbox's reason for a failure; null if none."),
  })
  .describe(
    'The message as it is now. If it was accepted less than ten seconds ago, it may have only ' +
      '`id` and `state`.',
  )

export const postMessage = {
  summary: 'Send a message',
  description:
    'The body is JSON of at most 1 MiB. Signalbox does not split long texts: the carrier gets ' +
    'the whole text, in `message_payload` if it has more than 254 octets.',
  body: httpMessageSchema,
  response: { 202: acceptedMessageSchema },
  problems: {
    400: 'The body is not JSON, or a field is missing, unknown or invalid.',
    413: 'The body is larger than 1 MiB.',
    415: 'The header `content-type: application/json` is missing.',
    422:
      'The message cannot be sent as it is, for example because no route leads to its number. ' +
      '`detail` gives the reason, and names the field if one field is the reason.',
    429:
      'The platform cannot accept the message now. Wait for the number of seconds in the header ' +
      '`retry-after`, then send it again.',
  },
  example: {
    body: { to: '31612345678', from: 'Signalbox', text: 'Hello' },
    answer: { id: EXAMPLE_ID, status: 'accepted' },
  },
} as const

export const getMessage = {
  summary: 'Read the state of a message',
  description: 'Messages of all users of the same account are visible.',
  params: z.strictObject({
    id: z.string().describe('The `id` in the answer to `POST /v1/messages`.'),
  }),
  response: { 200: messageStatusSchema },
  problems: {
    404:
      'The id is malformed, or the account has no such message. Old messages are removed ' +
      '([retention.md](retention.md)).',
  },
  example: {
    id: EXAMPLE_ID,
    answer: {
      id: EXAMPLE_ID,
      to: '31612345678',
      from: 'Signalbox',
      state: 'DELIVERED',
      acceptedAt: '2026-11-23T19:48:06.212Z',
      submittedAt: '2026-11-23T19:48:06.257Z',
      doneAt: '2026-11-23T19:48:06.466Z',
      error: '000',
    },
  },
} as const

/** The problems that every route may return. */
export const EVERY_ROUTE: Problems = {
  400: 'The request is not HTTP.',
  401: 'The API key is missing or unknown, or its user or account is disabled.',
  404: 'There is no such route.',
  408: 'The request did not arrive completely in time.',
  431: 'The headers are too long.',
  500: 'Internal error. Send the request again.',
  503: 'The gateway is shutting down. Send the request again, to another gateway if there is one.',
}

/** The meaning of each message state. */
export const STATES: Readonly<Record<MessageStateName, string>> = {
  SCHEDULED: 'The carrier will send the message later.',
  ENROUTE: 'The message is waiting or on its way.',
  DELIVERED: 'The message has reached the phone.',
  EXPIRED: 'The validity of the message ended before it was delivered.',
  DELETED: 'The carrier deleted the message.',
  UNDELIVERABLE: 'The message could not be delivered.',
  ACCEPTED: 'The carrier accepted the message. Another state usually follows.',
  UNKNOWN: 'The carrier reported that it does not know the state of the message.',
  REJECTED: 'The carrier refused the message.',
  SKIPPED: 'The carrier did not try to send the message.',
}
