import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { parseMessageId } from '../../message/ids.ts'
import type { AdminServerOptions } from './adminServerOptions.ts'
import { ProblemError } from './problem.ts'

/** The whole life of one message. */
export function messageRoutes({ readTrace }: AdminServerOptions): FastifyPluginAsyncZod {
  return async (api) => {
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
