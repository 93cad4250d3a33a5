import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { masked, resourcesOf, withResource } from '../../platform/platformDocument.ts'
import type { PlatformDocument } from '../../platform/platformDocument.ts'
import { place } from '../../platform/problemItem.ts'
import { SINGLE_ID } from '../../platform/resourceKind.ts'
import type { ResourceKind } from '../../platform/resourceKind.ts'
import { RESOURCE_KINDS } from '../../platform/resourceKinds.ts'
import { readStoredPlatform } from '../../platform/storedPlatform.ts'
import { usesOf } from '../../platform/usesOf.ts'
import type { AdminServerOptions } from './adminServerOptions.ts'
import { changePlatform } from './changePlatform.ts'
import { invalid, ProblemError } from './problem.ts'
import { CHANGED_MEANWHILE, changeHeaders, ifRevision, tagRevision } from './requestHeaders.ts'

const CHANGE = { headers: changeHeaders, problems: { 412: CHANGED_MEANWHILE } }

/** The routes for single resources. Each change is checked against all related resources. */
export function resourceRoutes(options: AdminServerOptions): FastifyPluginAsyncZod {
  return async (api) => {
    for (const kind of RESOURCE_KINDS) {
      if (kind.isSingle) {
        await api.register(singleRoutes(kind, options))
        continue
      }
      await api.register(readingRoutes(kind, options))
      await api.register(putRoute(kind, options))
      await api.register(deleteRoute(kind, options))
    }
  }
}

function readingRoutes(
  kind: ResourceKind,
  { resources }: AdminServerOptions,
): FastifyPluginAsyncZod {
  return async (api) => {
    const list = {
      summary: `List the ${kind.path}`,
      response: { 200: z.array(kind.schema).meta(resourceWords(kind, `All ${kind.path}`)) },
    }
    api.get(`/${kind.path}`, { schema: list }, async (_request, reply) => {
      const { revision, platform } = await readStoredPlatform(resources, {
        kinds: [kind.kind],
      })
      tagRevision(reply, revision)
      return resourcesOf(platform, kind).map(({ spec }) => masked(kind, spec))
    })

    const one = {
      summary: `Read one ${kind.title}`,
      params: paramsOf(kind),
      response: { 200: kind.schema.meta(resourceWords(kind)) },
      problems: { 404: noSuch(kind) },
    }
    api.get(`/${kind.path}/:id`, { schema: one }, async (request, reply) => {
      const { id } = request.params
      const ids = [{ kind: kind.kind, id }]
      const { revision, platform } = await readStoredPlatform(resources, { ids })
      tagRevision(reply, revision)
      return found(platform, kind, id)
    })
  }
}

function putRoute(
  kind: ResourceKind,
  { resources, log }: AdminServerOptions,
): FastifyPluginAsyncZod {
  return async (api) => {
    const schema = {
      ...CHANGE,
      summary: `Create or replace one ${kind.title}`,
      description: replaces(kind),
      params: paramsOf(kind),
      body: kind.schema.meta(resourceWords(kind)),
      response: {
        200: kind.schema.meta(resourceWords(kind, `The ${kind.title}, if it existed before`)),
        201: kind.schema.meta(resourceWords(kind, `The ${kind.title}, if it is new`)),
      },
    }
    const route = { schema, preValidation: idFromPath }
    api.put(`/${kind.path}/:id`, route, async (request, reply) => {
      const { id } = request.params
      let existed = false
      const { revision, plan } = await changePlatform(resources, {
        scope: { kind, id, given: request.body },
        ifRevision: ifRevision(request),
        edit({ platform }) {
          existed = specOf(platform, kind, id) !== undefined
          return withResource(platform, kind, id, request.body)
        },
      })
      const changes = plan.changes.length
      log.info({ revision, kind: kind.kind, id, changes }, 'resource written')
      tagRevision(reply, revision)
      return reply.code(existed ? 200 : 201).send(found(plan.platform, kind, id))
    })
  }
}

function deleteRoute(
  kind: ResourceKind,
  { resources, log }: AdminServerOptions,
): FastifyPluginAsyncZod {
  return async (api) => {
    const kept = whyKept(kind)
    const schema = {
      ...CHANGE,
      summary: `Delete one ${kind.title}`,
      params: paramsOf(kind),
      response: { 204: z.undefined().describe(`The ${kind.title} no longer exists.`) },
      problems: { 404: noSuch(kind), ...(kept !== undefined && { 409: kept }), ...CHANGE.problems },
    }
    api.delete(`/${kind.path}/:id`, { schema }, async (request, reply) => {
      const { id } = request.params
      const { revision } = await changePlatform(resources, {
        scope: { kind, id, given: undefined },
        ifRevision: ifRevision(request),
        edit({ platform }) {
          found(platform, kind, id)
          const uses = usesOf(kind, id, platform)
          if (uses) throw new ProblemError(409, uses)
          return withResource(platform, kind, id, undefined)
        },
      })
      log.info({ revision, kind: kind.kind, id }, 'resource deleted')
      tagRevision(reply, revision)
      return reply.code(204).send()
    })
  }
}

/**
 * The routes for a kind that has exactly one resource, such as the route table. The paths contain
 * no id, and there is no route that deletes the resource.
 */
function singleRoutes(
  kind: ResourceKind,
  { resources, log }: AdminServerOptions,
): FastifyPluginAsyncZod {
  return async (api) => {
    const response = { 200: kind.schema.meta(resourceWords(kind)) }
    const read = { summary: `Read the ${kind.title}`, response }
    api.get(`/${kind.path}`, { schema: read }, async (_request, reply) => {
      const { revision, platform } = await readStoredPlatform(resources, {
        kinds: [kind.kind],
      })
      tagRevision(reply, revision)
      return found(platform, kind, SINGLE_ID)
    })

    const replace = {
      ...CHANGE,
      summary: `Replace the ${kind.title}`,
      description: replaces(kind),
      body: kind.schema.meta(resourceWords(kind)),
      response,
    }
    api.put(`/${kind.path}`, { schema: replace }, async (request, reply) => {
      const { revision, plan } = await changePlatform(resources, {
        scope: { kind, id: SINGLE_ID, given: request.body },
        ifRevision: ifRevision(request),
        edit: ({ platform }) => withResource(platform, kind, SINGLE_ID, request.body),
      })
      const changes = plan.changes.length
      log.info({ revision, kind: kind.kind, id: SINGLE_ID, changes }, 'resource written')
      tagRevision(reply, revision)
      return found(plan.platform, kind, SINGLE_ID)
    })
  }
}

function paramsOf({ title }: ResourceKind) {
  return z.strictObject({ id: z.string().describe(`The id of the ${title}.`) })
}

function noSuch({ title }: ResourceKind): string {
  return `There is no ${title} with this id.`
}

function replaces({ isSingle, secrets }: ResourceKind): string {
  return [
    'A field that the body leaves out gets its default.',
    ...(isSingle ? [] : ['The body may leave out the id, because it is in the path.']),
    ...(secrets ? ['A password given as `(hidden)` keeps its stored value.'] : []),
  ].join(' ')
}

/**
 * Returns the reasons for which the deletion of a resource of this kind may be refused. Returns
 * undefined if the deletion is never refused.
 */
function whyKept({ kind, whyAwaited }: ResourceKind): string | undefined {
  const referring = RESOURCE_KINDS.filter(({ references = [] }) =>
    references.some(({ to }) => to.kind === kind),
  )
  const reasons = [
    ...referring.map(({ title }) => `a ${title} refers to it`),
    ...(whyAwaited ? ['messages wait for it'] : []),
  ]
  return reasons.length > 0 ? `${reasons.join(', or ')}. \`detail\` says what to do` : undefined
}

/** The metadata of a schema whose fields are described in docs/platform-fields.md. */
function resourceWords({ key, title }: ResourceKind, description = `The ${title}`) {
  return { description, see: `[fields](platform-fields.md#${key.toLowerCase()})` }
}

/** Copies the id from the path into the body. The body may omit the id or repeat it. */
async function idFromPath(request: FastifyRequest): Promise<void> {
  const { params: path, body } = request
  if (typeof body !== 'object' || body === null) return
  // The route has `:id` in its path, but a hook does not know the type of the parameters.
  const { id } = path as { id: string }
  const given: unknown = Reflect.get(body, 'id')
  if (given === undefined) Reflect.set(body, 'id', id)
  else if (given !== id)
    throw invalid([
      { ...place(['id']), detail: `is ${JSON.stringify(given)}, but the path says "${id}"` },
    ])
}

function found(platform: PlatformDocument, kind: ResourceKind, id: string): object {
  const spec = specOf(platform, kind, id)
  if (spec) return masked(kind, spec)
  throw new ProblemError(404, `there is no ${kind.title} "${id}": see GET /admin/v1/${kind.path}`)
}

function specOf(platform: PlatformDocument, kind: ResourceKind, id: string): object | undefined {
  return resourcesOf(platform, kind).find((resource) => resource.id === id)?.spec
}
