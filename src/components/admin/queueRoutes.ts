import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { isRedrivable } from '../../queue/deadLetterContent.ts'
import type { AdminServerOptions } from './adminServerOptions.ts'
import {
  deadLetterPageSchema,
  deadLetterSchema,
  queueListSchema,
  redriveAnswerSchema,
} from './deadLetterPage.ts'
import { ProblemError } from './problem.ts'
import type { RedriveSelection } from './redriveDeadLetters.ts'

const LIMIT_DEFAULT = 50
const LIMIT_MAX = 500
const IDS_MAX = 1_000
const REDRIVE_DEFAULT = 100
const REDRIVE_MAX = 1_000

const ID_FORM = 'the number of a dead letter, such as 17'
// 18 digits always fit in a bigint.
const letterId = z
  .string()
  .regex(/^\d{1,18}$/, { error: ID_FORM })
  .meta({ form: ID_FORM })
const OPERATIONS = '[operations.md](operations.md#a-message-could-not-be-processed)'

const queuesSchema = {
  summary: 'List the queues',
  description:
    'The figures are those of `signalbox status`. `signalbox queue ls` calls this route.',
  response: { 200: queueListSchema },
}

const listSchema = {
  summary: 'List dead letters',
  description:
    'A dead letter is an envelope, or an item of an envelope, that could not be processed. ' +
    `\`signalbox queue dead\` calls this route, and ${OPERATIONS} explains it.`,
  querystring: z.strictObject({
    queue: z.string().min(1).optional().describe('Only the dead letters of this queue.'),
    cursor: letterId.optional().describe('The `next` of an answer, which continues the list.'),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(LIMIT_MAX)
      .default(LIMIT_DEFAULT)
      .meta({ description: 'The maximum number of letters in one answer.', unit: 'dead letters' }),
  }),
  response: { 200: deadLetterPageSchema },
}

const letterSchema = {
  summary: 'Inspect a dead letter',
  params: z.strictObject({ id: letterId.describe('The id of the dead letter.') }),
  response: { 200: deadLetterSchema },
  problems: { 404: 'There is no such dead letter: it was redriven, or its retention ended.' },
}

const redriveBody = z.strictObject({
  ids: z
    .array(letterId)
    .min(1)
    .max(IDS_MAX)
    .optional()
    .describe('The dead letters to redrive, up to 1000. Give either this or `queue`.'),
  queue: z.string().min(1).optional().describe('Redrives the oldest dead letters of this queue.'),
  max: z
    .number()
    .int()
    .min(1)
    .max(REDRIVE_MAX)
    .optional()
    .meta({
      description: `The maximum number of letters of \`queue\`; ${REDRIVE_DEFAULT} if not set.`,
      unit: 'dead letters',
    }),
})

const redriveSchema = {
  summary: 'Redrive dead letters',
  description:
    'Publishes dead letters to their queues again, oldest first, and removes them from the dead ' +
    'letters. Those of the queues `submit.CONNECTOR.LANE`, `journal` and `dlr` can be redriven. ' +
    'A letter that still cannot be processed becomes a dead letter again. The log of the admin ' +
    'component records each call. `signalbox queue redrive` calls this route.',
  body: redriveBody,
  response: { 200: redriveAnswerSchema },
  problems: {
    422: 'The body has both `ids` and `queue`, or neither, or the queue cannot be redriven.',
  },
}

/** The routes about queues and their dead letters. */
export function queueRoutes({ log, queues }: AdminServerOptions): FastifyPluginAsyncZod {
  return async (api) => {
    api.get('/queues', { schema: queuesSchema }, () => queues.list())

    api.get('/dead-letters', { schema: listSchema }, ({ query }) => {
      const { cursor: before, limit: max, queue } = query
      return queues.deadLetters({ queue, before, max })
    })

    api.get('/dead-letters/:id', { schema: letterSchema }, async ({ params: { id } }) => {
      const letter = await queues.deadLetter(id)
      if (letter) return letter
      throw new ProblemError(
        404,
        `there is no dead letter ${id}: it was redriven, or its retention ended`,
      )
    })

    api.post('/dead-letters/redrive', { schema: redriveSchema }, async ({ body }) => {
      const selection = selectionOf(body)
      const answer = await queues.redrive(selection)
      const { kept, redriven, stopped } = answer
      log.info({ ...selection, redriven, kept: kept.length, stopped }, 'dead letters redriven')
      return answer
    })
  }
}

function selectionOf({ ids, max, queue }: z.infer<typeof redriveBody>): RedriveSelection {
  if (ids !== undefined && queue === undefined && max === undefined) return { ids }
  if (ids !== undefined || queue === undefined)
    throw new ProblemError(422, 'give either ids, or queue and optionally max')
  if (isRedrivable(queue)) return { queue, max: max ?? REDRIVE_DEFAULT }
  throw new ProblemError(
    422,
    `dead letters of ${queue} cannot be redriven, only those of submit.CONNECTOR.LANE, journal ` +
      'and dlr: see GET /admin/v1/queues',
  )
}
