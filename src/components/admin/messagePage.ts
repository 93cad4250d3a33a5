import { z } from 'zod'
import { messageTraceSchema } from '../../message/trace.ts'

const traced = messageTraceSchema.shape
const instant = z.string().meta({ unit: 'ISO 8601, in UTC' })

const messageSummarySchema = z.strictObject({
  messageId: traced.messageId,
  acceptedAt: instant.describe('When Signalbox accepted the message.'),
  account: traced.account,
  user: traced.user,
  source: traced.source,
  destination: traced.destination,
  connector: traced.connector,
  state: traced.state,
  error: z
    .string()
    .optional()
    .describe("The SMSC's error code, or Signalbox's reason for a failure."),
  submittedAt: instant
    .optional()
    .describe('When a worker last submitted the message; absent if no submission was recorded.'),
  doneAt: instant.optional().describe('When the message reached a final state.'),
})

/** One page of the results of a search. */
export const messagePageSchema = z
  .strictObject({
    messages: z.array(messageSummarySchema).readonly().describe('The messages, newest first.'),
    searchedBackTo: instant.describe(
      'This and the previous answers together contain all matching messages since this time.',
    ),
    stopped: z
      .enum(['limit', 'time'])
      .optional()
      .describe('Why older messages may be missing: `limit` was reached, or the time ran out.'),
    next: z
      .string()
      .optional()
      .describe('The `cursor` that continues the search; absent if the search is complete.'),
  })
  .describe('The messages found.')

export type MessageSummary = z.infer<typeof messageSummarySchema>
export type MessagePage = z.infer<typeof messagePageSchema>
