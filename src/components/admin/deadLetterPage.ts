// The answers of the routes about queues and dead letters.

import { z } from 'zod'

const instant = z.string().meta({ unit: 'ISO 8601, in UTC' })
const count = (description: string, unit: string) => z.number().meta({ description, unit })

const queueName = z
  .string()
  .describe('The name of the queue, such as `submit.north.normal`, `journal` or `dlr`.')

export const queueListSchema = z
  .array(
    z.strictObject({
      queue: queueName,
      envelopes: count('Envelopes on the queue, including received ones.', 'envelopes'),
      messages: count('Messages, events or receipts in these envelopes.', 'messages'),
      oldestAgeSeconds: count('The age of the oldest envelope; 0 without envelopes.', 'seconds'),
      deadLetters: count('Dead letters of the queue.', 'dead letters'),
    }),
  )
  .describe('The queues that have envelopes or dead letters, by name.')

const deadLetterSummarySchema = z.strictObject({
  id: z.string().describe('The id of the dead letter, a number.'),
  queue: queueName,
  at: instant.describe('When it was set aside.'),
  reason: z.string().describe('Why it could not be processed.'),
  receives: count('How often it was received or processed before.', 'times'),
  octets: count('The size of its payload.', 'octets'),
})

export const deadLetterPageSchema = z
  .strictObject({
    deadLetters: z
      .array(deadLetterSummarySchema)
      .readonly()
      .describe('Dead letters, newest first.'),
    next: z
      .string()
      .optional()
      .describe('The `cursor` that continues the list; absent if the list is complete.'),
  })
  .describe('One page of dead letters.')

const itemSchema = z.strictObject({
  kind: z
    .string()
    .describe('`message`, `receipt`, or the kind of a journal event, such as `submitted`.'),
  messageId: z.string().optional().describe('The id of the message.'),
  account: z.string().optional().describe('The account of the message.'),
  connector: z.string().optional().describe('The connector of the message, event or receipt.'),
  upstreamId: z.string().optional().describe('The id that the SMSC gave to the message.'),
  at: instant
    .optional()
    .describe('When the message was accepted, the event happened or the receipt was read.'),
})

const contentSchema = z.strictObject({
  kind: z
    .enum(['envelope', 'events', 'receipts', 'unreadable'])
    .describe('What the payload holds. The other fields depend on it.'),
  envelopeId: z.string().optional().describe('The id of the envelope.'),
  count: z
    .number()
    .optional()
    .meta({ description: 'The number of messages, events or receipts in it.', unit: 'items' }),
  items: z
    .array(itemSchema)
    .optional()
    .describe('The first 100 of them. The texts of messages are not shown.'),
  error: z.string().optional().describe('Why the payload cannot be read.'),
  firstOctets: z
    .string()
    .optional()
    .describe('The first 64 octets of an unreadable payload, in hex.'),
})

export const deadLetterSchema = deadLetterSummarySchema
  .extend({ content: contentSchema.describe('What the payload holds.') })
  .describe('The dead letter.')

const keptSchema = z.strictObject({
  id: z.string().describe('The id of the dead letter.'),
  code: z
    .enum(['missing', 'other_queue', 'perhaps_submitted'])
    .describe(
      '`missing`: it does not exist, or somebody else is redriving it. `other_queue`: letters of ' +
        'its queue cannot be redriven. `perhaps_submitted`: a worker had begun its envelope, or ' +
        'nobody knows any more, so its messages could be sent twice.',
    ),
  detail: z.string().describe('The same in words.'),
})

export const redriveAnswerSchema = z
  .strictObject({
    redriven: count('Dead letters that are back on their queues.', 'dead letters'),
    kept: z.array(keptSchema).readonly().describe('Dead letters that were not redriven, and why.'),
    stopped: z
      .string()
      .optional()
      .describe('The error that ended the work after some letters had been redriven.'),
  })
  .describe('What was done. A letter that cannot be processed again returns with a new id.')

export type QueueList = z.infer<typeof queueListSchema>
export type DeadLetterPage = z.infer<typeof deadLetterPageSchema>
export type DeadLetterDetail = z.infer<typeof deadLetterSchema>
export type RedriveAnswer = z.infer<typeof redriveAnswerSchema>
export type KeptLetter = z.infer<typeof keptSchema>
