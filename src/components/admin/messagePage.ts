import { z } from 'zod'
import { messageTraceSchema } from '../../message/trace.ts'

const traced = messageTraceSchema.shape
const instant = z.string().meta({ unit: 'ISO 8601, in UTC' })

const messageSummarySchema = z.strictObject({
  messageId: traced.messageId,
  acceptedAt: instant.describe('When Signalbox accepted it.'),
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
    .describe('When a worker last submitted it; absent if no submission was recorded.'),
  doneAt: instant.optional().describe('When it reached a final state.'),
})

/** One answer of a search. */
export const messagePageSchema = z
  .strictObject({
    messages: z.array(messageSummarySchema).readonly().describe('The newest message first.'),
    searchedBackTo: instant.describe(
      'All matching messages that were accepted since are in this answer, or in those before it.',
    ),
    stopped: z
      .enum(['limit', 'time'])
      .optional()
      .describe(
        'Why older messages may be missing: there are more than `limit`, or the time was up.',
      ),
    next: z
      .string()
      .optional()
      .describe('The `cursor` that continues the search; missing if nothing is left.'),
  })
  .describe('The messages that were found.')

export type MessageSummary = z.infer<typeof messageSummarySchema>
export type MessagePage = z.infer<typeof messagePageSchema>
