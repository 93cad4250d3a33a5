import { z } from 'zod'
import { EXPIRED_WAITING } from './endOfLife.ts'
import type { MessageId } from './ids.ts'
import { CONNECTOR_DELETED } from './connectorDeleted.ts'
import { FIRST_ATTEMPTS_KEPT, LAST_ATTEMPTS_KEPT, type MessageAttempt } from './messageAttempt.ts'
import { PURGED } from './purged.ts'
import {
  unfinishedAttempt,
  type UnfinishedAttempt,
  unfinishedAttemptSchema,
} from './unfinishedAttempt.ts'
import { messageStateName, type MessageState } from './messageProgress.ts'

const traceStepSchema = z.strictObject({
  at: z.string().meta({ unit: 'ISO 8601, in UTC' }).describe('When the step happened.'),
  step: z
    .string()
    .describe(
      '`accepted`, `moved` or `submitted`, the reason why an attempt was unfinished, the final ' +
        'state in lower case, or `receipt` followed by the progress of its delivery.',
    ),
  detail: z.string().describe('A description of the step in plain text.'),
})

/** The stored history of a message. */
export const messageTraceSchema = z
  .strictObject({
    messageId: z.string().describe('The id of the message.'),
    account: z.string().describe('The account that sent the message.'),
    user: z.string().describe('The user that sent the message.'),
    source: z.string().describe('The sender, as the receiver sees it.'),
    destination: z.string().describe('The number to which the message is sent.'),
    connector: z.string().describe('The connector to which the message was routed or moved.'),
    state: z
      .string()
      .describe("The message's [state](http-api.md#states-of-a-message), such as `DELIVERED`."),
    attempts: z
      .number()
      .meta({ description: 'The number of attempts to submit the message.', unit: 'attempts' }),
    unfinishedAttempts: z
      .array(unfinishedAttemptSchema)
      .describe(
        'Attempts that did not bring the message to a final state, oldest first: at most the ' +
          `first ${FIRST_ATTEMPTS_KEPT} and the last ${LAST_ATTEMPTS_KEPT}.`,
      ),
    unfinishedAttemptsOmitted: z
      .number()
      .meta({ description: 'How many other unfinished attempts are not kept.', unit: 'attempts' }),
    waits: z
      .string()
      .exactOptional()
      .describe('Why the message is waiting; missing once it has reached a final state.'),
    steps: z.array(traceStepSchema).describe('What happened to the message, oldest step first.'),
  })
  .describe('The stored history of the message.')

export type MessageTrace = z.infer<typeof messageTraceSchema>
export type TraceStep = z.infer<typeof traceStepSchema>

/** The columns of a message's row that a trace needs. */
interface TracedMessage {
  message_id: MessageId
  account: string
  user_id: string
  connector: string
  source_addr: string
  destination_addr: string
  state: MessageState
  error: string | null
  stat: string | null
  upstream_id: string | null
  attempts: number
  accepted_at: Date
  submitted_at: Date | null
  done_at: Date | null
  moved_at: Date | null
  moved_from: string | null
}

/**
 * Builds the trace of a message.
 * @param attempts the unfinished attempts that were kept, in order
 * @param deliveries the steps in the delivery of the message's receipts to the customer
 */
export function traceOf(
  row: TracedMessage,
  attempts: readonly MessageAttempt[],
  deliveries: readonly TraceStep[],
): MessageTrace {
  const unfinished = attempts.map(unfinishedAttempt)
  // Steps of the same millisecond keep this order.
  const steps = [
    acceptedStep(row),
    ...unfinished.map(attemptStep),
    ...laterSteps(row),
    ...deliveries,
  ]
  return {
    messageId: row.message_id,
    account: row.account,
    user: row.user_id,
    source: row.source_addr,
    destination: row.destination_addr,
    connector: row.connector,
    state: messageStateName(row.state),
    attempts: row.attempts,
    unfinishedAttempts: unfinished,
    unfinishedAttemptsOmitted: (attempts.at(-1)?.attempt ?? 0) - attempts.length,
    steps: steps.toSorted((a, b) => a.at.localeCompare(b.at)),
  }
}

function acceptedStep(row: TracedMessage): TraceStep {
  return {
    at: row.accepted_at.toISOString(),
    step: 'accepted',
    detail:
      `from user ${row.user_id} of account ${row.account}, ` +
      `routed to ${row.moved_from ?? row.connector}`,
  }
}

function laterSteps(row: TracedMessage): TraceStep[] {
  const steps: TraceStep[] = []
  if (row.moved_at)
    steps.push({
      at: row.moved_at.toISOString(),
      step: 'moved',
      detail: `by the operator, from ${row.moved_from ?? '(unknown)'} to ${row.connector}`,
    })
  if (row.submitted_at)
    steps.push({
      at: row.submitted_at.toISOString(),
      step: 'submitted',
      detail: `to ${row.connector}, which calls it ${row.upstream_id ?? '(no id)'}`,
    })
  if (row.done_at)
    steps.push({
      at: row.done_at.toISOString(),
      step: messageStateName(row.state).toLowerCase(),
      detail: outcomeDetail(row),
    })
  return steps
}

function attemptStep(one: UnfinishedAttempt): TraceStep {
  const { at, attempt, connector, dueAt, firstAt, reason, submissions } = one
  const several = submissions > 1 ? `, ${submissions} submissions since ${firstAt}` : ''
  const next = dueAt === undefined ? '' : `; the next attempt is due at ${dueAt}`
  return { at, step: reason, detail: `attempt ${attempt} on ${connector}${several}${next}` }
}

function outcomeDetail({ error, stat }: TracedMessage): string {
  if (error === EXPIRED_WAITING) return 'its validity ended while it waited to be sent'
  if (error === PURGED) return `it was ${PURGED} while it waited`
  if (error === CONNECTOR_DELETED) return 'the connector for which it waited was deleted'
  const parts = [error && `error ${error}`, stat && `the SMSC called it "${stat}"`]
  return parts.filter(Boolean).join(', ')
}
