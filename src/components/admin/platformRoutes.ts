import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { platformSchema, withoutSecrets } from '../../platform/platformDocument.ts'
import type { AdminServerOptions } from './adminServerOptions.ts'
import { changePlatform, planEdit } from './changePlatform.ts'
import { platformChangesSchema } from './platformChanges.ts'
import { CHANGED_MEANWHILE, changeHeaders, ifRevision, tagRevision } from './requestHeaders.ts'
import { readStoredPlatform } from '../../platform/storedPlatform.ts'

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true')

const see = '[fields](platform-fields.md)'
const document = platformSchema.meta({
  description: 'The whole platform: resources that it does not contain are deleted',
  see,
})
const problems = {
  409: 'Messages wait for a connector that would be deleted.',
  412: CHANGED_MEANWHILE,
}

const exportSchema = {
  summary: 'Read the whole platform',
  querystring: z.strictObject({
    secrets: flag.describe('If `true`, passwords of connectors are shown instead of `(hidden)`.'),
  }),
  response: {
    200: platformSchema.meta({ description: 'The whole platform', see }),
  },
}

const diffSchema = {
  summary: 'Compare a platform with the stored one',
  headers: changeHeaders,
  body: document,
  response: { 200: platformChangesSchema },
  problems,
}

const applySchema = {
  summary: 'Replace the whole platform',
  description:
    'All changes become one revision: either all of them are made, or none. `signalbox apply` ' +
    'calls this route, and [platform-file.md](platform-file.md) explains it.',
  headers: changeHeaders,
  querystring: z.strictObject({
    dryRun: flag.describe('If `true`, nothing is changed. The answer shows what would change.'),
  }),
  body: document,
  response: { 200: platformChangesSchema },
  problems,
}

/** The routes for whole platform documents, such as the content of a platform.yaml. */
export function platformRoutes({ resources, log }: AdminServerOptions): FastifyPluginAsyncZod {
  return async (api) => {
    api.get('/platform', { schema: exportSchema }, async (request, reply) => {
      const { revision, platform } = await readStoredPlatform(resources)
      tagRevision(reply, revision)
      reply.header('cache-control', 'no-store')
      return request.query.secrets ? platform : withoutSecrets(platform)
    })

    api.post('/platform/diff', { schema: diffSchema }, async (request, reply) => {
      const edit = () => request.body
      const planned = await planEdit(resources, { edit, ifRevision: ifRevision(request) })
      const { revision } = planned
      tagRevision(reply, revision)
      return { revision, changes: planned.plan.changes }
    })

    api.post('/platform/apply', { schema: applySchema }, async (request, reply) => {
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
