import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { parseMessageId } from '../../message/ids.ts'
import { ADDRESS_CHARACTERS_MAX, numberForms } from '../../message/numberForms.ts'
import { MESSAGE_STATE, type MessageStateName } from '../../smpp/receipts/messageState.ts'
import type { AdminServerOptions } from './adminServerOptions.ts'
import { ProblemError } from './problem.ts'
import { type MessageQuery, SEARCHES_MAX } from './searchMessages.ts'

const LIMIT_DEFAULT = 50
const LIMIT_MAX = 500
const HOUR_MS = 3_600_000
const DEFAULT_HOURS = 24
const DAYS_MAX = 31

const TIME = z.iso.datetime({
  offset: true,
  error: 'a time such as 2026-12-01T08:00:00Z',
})
// The names are the keys of the table.
const STATE_NAMES = Object.keys(MESSAGE_STATE) as MessageStateName[]

const searchSchema = z.strictObject({
  number: z
    .string()
    .max(2 * ADDRESS_CHARACTERS_MAX)
    .optional(),
  account: z.string().optional(),
  state: z.enum(STATE_NAMES).optional(),
  from: TIME.optional(),
  to: TIME.optional(),
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT),
  cursor: z.guid({ error: 'the `next` of an answer to the same search' }).optional(),
})

/** A search of messages, and the whole life of one. */
export function messageRoutes(options: AdminServerOptions): FastifyPluginAsyncZod {
  const { readTrace, searchMessages } = options
  return async (api) => {
    api.get('/messages', { schema: { querystring: searchSchema } }, async ({ query }, reply) => {
      const page = await searchMessages(queryOf(query, Date.now()))
      if (page !== 'busy') return page
      reply.header('retry-after', '2')
      throw new ProblemError(
        429,
        `${SEARCHES_MAX} searches are running already, which is the most: try again in a few ` +
          'seconds',
      )
    })

    const schema = { params: z.strictObject({ id: z.string() }) }
    api.get('/messages/:id', { schema }, async ({ params }) => {
      const id = parseMessageId(params.id)
      if (id === undefined)
        throw new ProblemError(
          400,
          `"${params.id}" is not a message id: take the message_id of a submit_sm_resp, ` +
            'or the id that POST /v1/messages answered',
        )
      const trace = await readTrace(id)
      if (trace) return trace
      throw new ProblemError(
        404,
        `there is no message ${id}: it was never accepted, is not written yet (try again in a ` +
          'second), or is no longer kept',
      )
    })
  }
}

function queryOf(given: z.infer<typeof searchSchema>, nowMs: number): MessageQuery {
  const { number: typed, account, state, limit, cursor } = given
  // Messages of this millisecond count.
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
