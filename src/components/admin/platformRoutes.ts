import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { platformSchema, withoutSecrets } from '../../platform/platformDocument.ts'
import type { AdminServerOptions } from './adminServerOptions.ts'
import { changePlatform, planEdit } from './changePlatform.ts'
import { ifRevision, tagRevision } from './requestHeaders.ts'
import { readStoredPlatform } from '../../platform/storedPlatform.ts'

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true')

/** Whole documents, as in a platform.yaml. */
export function platformRoutes({ resources, log }: AdminServerOptions): FastifyPluginAsyncZod {
  return async (api) => {
    const exported = { querystring: z.strictObject({ secrets: flag }) }
    api.get('/platform', { schema: exported }, async (request, reply) => {
      const { revision, platform } = await readStoredPlatform(resources)
      tagRevision(reply, revision)
      reply.header('cache-control', 'no-store')
      return request.query.secrets ? platform : withoutSecrets(platform)
    })

    api.post('/platform/diff', { schema: { body: platformSchema } }, async (request, reply) => {
      const edit = () => request.body
      const planned = await planEdit(resources, { edit, ifRevision: ifRevision(request) })
      const { revision } = planned
      tagRevision(reply, revision)
      return { revision, changes: planned.plan.changes }
    })

    const applied = { body: platformSchema, querystring: z.strictObject({ dryRun: flag }) }
    api.post('/platform/apply', { schema: applied }, async (request, reply) => {
      const change = { edit: () => request.body, ifRevision: ifRevision(request) }
      const act = request.query.dryRun ? planEdit : changePlatform
      const { revision, plan } = await act(resources, change)
      const { changes } = plan
      if (!request.query.dryRun && changes.length > 0)
        log.info({ revision, changes: changes.length }, 'platform applied')
      tagRevision(reply, revision)
      return { revision, changes }
    })
  }
}
