import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { parseMessageId } from '../../message/ids.ts'
import { ADDRESS_CHARACTERS_MAX, numberForms } from '../../message/numberForms.ts'
import { messageTraceSchema } from '../../message/trace.ts'
import { MESSAGE_STATE, type MessageStateName } from '../../smpp/receipts/messageState.ts'
import type { AdminServerOptions } from './adminServerOptions.ts'
import { messagePageSchema } from './messagePage.ts'
import { ProblemError } from './problem.ts'
import { type MessageQuery, SEARCH_BUDGET_MS, SEARCHES_MAX } from './searchMessages.ts'

const LIMIT_DEFAULT = 50
const LIMIT_MAX = 500
const HOUR_MS = 3_600_000
const DEFAULT_HOURS = 24
const DAYS_MAX = 31

const FORM = 'a time such as 2026-12-01T08:00:00Z'
const TIME = z.iso.datetime({ offset: true, error: FORM }).meta({ form: FORM }).optional()
const CURSOR = 'the `next` of an answer to the same search'
// The type of Object.keys() is string[], but the keys of this table are state names.
const STATE_NAMES = Object.keys(MESSAGE_STATE) as MessageStateName[]

const querySchema = z.strictObject({
  number: z
    .string()
    .max(2 * ADDRESS_CHARACTERS_MAX)
    .optional()
    .describe('The source or destination: the whole number, or the name of a sender.'),
  account: z.string().optional().describe('The id of the account that sent the messages.'),
  state: z
    .enum(STATE_NAMES)
    .optional()
    .describe('The current [state](http-api.md#states-of-a-message) of the messages.'),
  from: TIME.describe(
    `The start of the range, at most ${DAYS_MAX} days before \`to\`. The search finds messages ` +
      `accepted at or after it. Default: ${DEFAULT_HOURS} hours before \`to\`.`,
  ),
  to: TIME.describe(
    'The end of the range. The search finds messages accepted before it. Default: now.',
  ),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(LIMIT_MAX)
    .default(LIMIT_DEFAULT)
    .meta({ description: 'The maximum number of messages in one answer.', unit: 'messages' }),
  cursor: z
    .guid({ error: CURSOR })
    .meta({ form: CURSOR })
    .optional()
    .describe('Continues the search where the previous answer stopped.'),
})

const searchSchema = {
  summary: 'Search messages',
  description:
    `A search takes at most ${SEARCH_BUDGET_MS / 1000} seconds. If it needs more, the answer ` +
    'contains the messages found so far, and `next` continues the search. `signalbox search` ' +
    'calls this route, and [operations.md](operations.md#a-customer-asks-about-a-number) ' +
    'explains it.',
  querystring: querySchema,
  response: { 200: messagePageSchema },
  problems: {
    422: '`from` is not before `to`, the range is too long, or `number` is empty.',
    429: `${SEARCHES_MAX} searches are already running. Try again after a few seconds.`,
  },
}

const traceSchema = {
  summary: 'Trace a message',
  description: 'The trace of a new message is available within a second.',
  params: z.strictObject({ id: z.string().describe('The id of the message.') }),
  response: { 200: messageTraceSchema },
  problems: {
    400: 'The id in the path is malformed.',
    404: 'The message was never accepted, is not stored yet, or is no longer stored.',
  },
}

/** The route that searches messages, and the route that traces one message. */
export function messageRoutes(options: AdminServerOptions): FastifyPluginAsyncZod {
  const { readTrace, searchMessages } = options
  return async (api) => {
    api.get('/messages', { schema: searchSchema }, async ({ query }, reply) => {
      const page = await searchMessages(queryOf(query, Date.now()))
      if (page !== 'busy') return page
      reply.header('retry-after', '2')
      throw new ProblemError(
        429,
        `${SEARCHES_MAX} searches are already running, which is the limit: try again in a few ` +
          'seconds',
      )
    })

    api.get('/messages/:id', { schema: traceSchema }, async ({ params }) => {
      const id = parseMessageId(params.id)
      if (id === undefined)
        throw new ProblemError(
          400,
          `"${params.id}" is not a message id: use the message_id of a submit_sm_resp, ` +
            'or the id in the answer to POST /v1/messages',
        )
      const trace = await readTrace(id)
      if (trace) return trace
      throw new ProblemError(
        404,
        `there is no message ${id}: it was never accepted, is not stored yet (try again in a ` +
          'second), or is no longer stored',
      )
    })
  }
}

function queryOf(given: z.infer<typeof querySchema>, nowMs: number): MessageQuery {
  const { number: typed, account, state, limit, cursor } = given
  // The end is exclusive, so adding 1 includes messages of this millisecond.
  const toMs = given.to === undefined ? nowMs + 1 : Date.parse(given.to)
  const fromMs = given.from === undefined ? toMs - DEFAULT_HOURS * HOUR_MS : Date.parse(given.from)
  if (fromMs >= toMs)
    throw new ProblemError(422, 'from is not before to: give an earlier from, or a later to')
  if (toMs - fromMs > DAYS_MAX * 24 * HOUR_MS)
    throw new ProblemError(
      422,
      `from and to are more than ${DAYS_MAX} days apart: search ${DAYS_MAX} days at a time`,
    )
  const number = typed === undefined ? undefined : numberForms(typed)
  if (typed !== undefined && !number)
    throw new ProblemError(
      422,
      'number has no digits: give a number such as 31612345678, or the name of a sender',
    )
  return {
    number,
    account,
    state: state && MESSAGE_STATE[state],
    fromMs,
    toMs,
    limit,
    cursor: cursor?.toLowerCase(),
  }
}
