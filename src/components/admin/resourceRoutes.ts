import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  accountSchema,
  connectorSchema,
  routeTableSchema,
  userSchema,
} from '../../platform/resources.ts'
import type { Account, Connector, PlatformDocument, User } from '../../platform/resources.ts'
import type { AdminServerOptions } from './adminServer.ts'
import { changePlatform } from './changePlatform.ts'
import { invalid, ProblemError } from './problem.ts'
import { place } from '../../platform/problemItem.ts'
import { ifRevision, tagRevision } from './requestHeaders.ts'
import { usesOf } from '../../platform/usesOf.ts'
import { readStoredPlatform, withoutSecrets } from '../../platform/storedPlatform.ts'

type List = 'accounts' | 'users' | 'connectors'
type Spec = Account | User | Connector

const LISTS: readonly { list: List; schema: z.ZodType<Spec> }[] = [
  { list: 'accounts', schema: accountSchema },
  { list: 'users', schema: userSchema },
  { list: 'connectors', schema: connectorSchema },
]
const params = z.strictObject({ id: z.string() })

/** One resource at a time; each change is checked against the whole platform, as `apply` is. */
export function resourceRoutes(options: AdminServerOptions): FastifyPluginAsyncZod {
  return async (api) => {
    for (const { list, schema } of LISTS) {
      await api.register(readingRoutes(list, options))
      await api.register(putRoute(list, schema, options))
      await api.register(deleteRoute(list, options))
    }
    await api.register(routeTableRoutes(options))
  }
}

function readingRoutes(list: List, { resources }: AdminServerOptions): FastifyPluginAsyncZod {
  return async (api) => {
    api.get(`/${list}`, async (_request, reply) => {
      const { revision, platform } = await readStoredPlatform(resources)
      tagRevision(reply, revision)
      return withoutSecrets(platform)[list]
    })

    api.get(`/${list}/:id`, { schema: { params } }, async (request, reply) => {
      const { revision, platform } = await readStoredPlatform(resources)
      tagRevision(reply, revision)
      return found(platform, list, request.params.id)
    })
  }
}

function putRoute(
  list: List,
  schema: z.ZodType<Spec>,
  { resources, log }: AdminServerOptions,
): FastifyPluginAsyncZod {
  return async (api) => {
    const route = { schema: { params, body: schema }, preValidation: idFromPath }
    api.put(`/${list}/:id`, route, async (request, reply) => {
      const { id } = request.params
      let existed = false
      const { revision, plan } = await changePlatform(resources, {
        ifRevision: ifRevision(request),
        edit({ platform }) {
          existed = indexOf(platform, list, id) >= 0
          return withSpec(platform, list, id, request.body)
        },
      })
      log.info({ revision, list, id, changes: plan.changes.length }, 'resource written')
      tagRevision(reply, revision)
      return reply.code(existed ? 200 : 201).send(found(plan.platform, list, id))
    })
  }
}

function deleteRoute(list: List, { resources, log }: AdminServerOptions): FastifyPluginAsyncZod {
  return async (api) => {
    api.delete(`/${list}/:id`, { schema: { params } }, async (request, reply) => {
      const { id } = request.params
      const { revision } = await changePlatform(resources, {
        ifRevision: ifRevision(request),
        edit({ platform }) {
          found(platform, list, id)
          const uses = usesOf(list, id, platform)
          if (uses) throw new ProblemError(409, uses)
          return withSpec(platform, list, id, undefined)
        },
      })
      log.info({ revision, list, id }, 'resource deleted')
      tagRevision(reply, revision)
      return reply.code(204).send()
    })
  }
}

function routeTableRoutes({ resources, log }: AdminServerOptions): FastifyPluginAsyncZod {
  return async (api) => {
    api.get('/route-table', async (_request, reply) => {
      const { revision, platform } = await readStoredPlatform(resources)
      tagRevision(reply, revision)
      return platform.routeTable
    })

    api.put('/route-table', { schema: { body: routeTableSchema } }, async (request, reply) => {
      const { revision, plan } = await changePlatform(resources, {
        ifRevision: ifRevision(request),
        edit: ({ platform }) => ({ ...platform, routeTable: request.body }),
      })
      log.info({ revision, changes: plan.changes.length }, 'route table written')
      tagRevision(reply, revision)
      return plan.platform.routeTable
    })
  }
}

/** The id stands in the path; a body may leave it out, or repeat it. */
async function idFromPath(request: FastifyRequest): Promise<void> {
  const { params: path, body } = request
  if (typeof body !== 'object' || body === null) return
  // `path` comes from a route with `:id`; hooks run before its type is known.
  const { id } = path as { id: string }
  const given: unknown = Reflect.get(body, 'id')
  if (given === undefined) Reflect.set(body, 'id', id)
  else if (given !== id)
    throw invalid([
      { ...place(['id']), detail: `is ${JSON.stringify(given)}, but the path says "${id}"` },
    ])
}

function found(platform: PlatformDocument, list: List, id: string): Spec {
  const spec = withoutSecrets(platform)[list][indexOf(platform, list, id)]
  if (spec) return spec
  const kind = list.slice(0, -1)
  throw new ProblemError(404, `there is no ${kind} "${id}": see GET /admin/v1/${list}`)
}

function indexOf(platform: PlatformDocument, list: List, id: string): number {
  return platform[list].findIndex((spec) => spec.id === id)
}

/** The platform with one resource replaced in its place, added at the end, or taken out. */
function withSpec(
  platform: PlatformDocument,
  list: List,
  id: string,
  spec: Spec | undefined,
): PlatformDocument {
  const specs: Spec[] = [...platform[list]]
  const index = indexOf(platform, list, id)
  specs.splice(index < 0 ? specs.length : index, 1, ...(spec ? [spec] : []))
  // The body went through the schema of this very list.
  return { ...platform, [list]: specs } as PlatformDocument
}
