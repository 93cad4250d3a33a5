import { z } from 'zod'
import { commandStatusName } from '../smpp/wire/commandStatus.ts'
import type { MessageAttempt } from './messageAttempt.ts'

const instant = z.string().meta({ unit: 'ISO 8601, in UTC' })

/** An unfinished attempt, as shown to an operator. */
export const unfinishedAttemptSchema = z.strictObject({
  attempt: z
    .number()
    .meta({ description: 'The number of the attempt; the first is 1.', unit: 'none' }),
  connector: z.string().describe('The connector on which the attempt was made.'),
  firstAt: instant.describe("When the attempt's first submission ended."),
  at: instant.describe("When the attempt's last submission ended."),
  commandStatus: z
    .number()
    .meta({ description: 'The last `command_status`; 0 if there was no answer.', unit: 'none' }),
  reason: z.string().describe('The name of the `command_status`, `no answer`, or `link lost`.'),
  submissions: z.number().meta({
    description:
      'How many submissions the attempt had. There are several if the same worker sent the ' +
      'message again after the SMSC throttled it or did not answer, or after the link was lost.',
    unit: 'submissions',
  }),
  dueAt: instant
    .optional()
    .describe('When the next attempt is due; missing if the message was resent immediately.'),
})

export type UnfinishedAttempt = z.infer<typeof unfinishedAttemptSchema>

export function unfinishedAttempt(one: MessageAttempt): UnfinishedAttempt {
  const { throttled, unanswered, linksLost, commandStatus, atMs, dueAtMs } = one
  const repeats = throttled + unanswered + linksLost
  return {
    attempt: one.attempt,
    connector: one.connector,
    firstAt: new Date(one.firstAtMs).toISOString(),
    at: new Date(atMs).toISOString(),
    commandStatus,
    reason: reasonOf(one),
    submissions: Math.max(1, repeats),
    dueAt: dueAtMs > atMs ? new Date(dueAtMs).toISOString() : undefined,
  }
}

function reasonOf({ commandStatus, linksLost, unanswered }: MessageAttempt): string {
  if (commandStatus !== 0) return commandStatusName(commandStatus)
  return linksLost > 0 && unanswered === 0 ? 'link lost' : 'no answer'
}
