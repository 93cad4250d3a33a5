// Sections about the routes of an HTTP API, made from the routes themselves as Fastify holds them.

import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import { z } from 'zod'
import type { Problems } from '../src/components/describedRoute.ts'
import { descriptionOf, inputTable, outputTable } from './fieldTable.ts'
import { paragraph, sentence, tableOf } from './markdownTable.ts'

export interface DescribedRoute {
  readonly method: string
  /** With Fastify's parameters: `/admin/v1/accounts/:id`. */
  readonly url: string
  readonly schema: FastifySchema
}

/** Schemas that a page names instead of listing their fields, with the words for them. */
export type KnownSchemas = ReadonlyMap<z.ZodType, string>

type Server = Pick<FastifyInstance, 'ready' | 'close'> & {
  addHook(name: 'onRoute', hook: (route: RouteOptions) => void): unknown
}

/** Throws if a route does not say what it does. */
export async function routesOf(server: Server): Promise<DescribedRoute[]> {
  const routes: DescribedRoute[] = []
  server.addHook('onRoute', ({ method, schema, url }) => {
    // Fastify adds a HEAD route to each GET.
    if (method === 'HEAD') return
    if (schema?.summary === undefined || schema.response === undefined)
      throw new Error(
        `${String(method)} ${url} is not described: give its schema a summary, a response and ` +
          'its problems (src/components/describedRoute.ts)',
      )
    routes.push({ method: String(method), url, schema })
  })
  await server.ready()
  await server.close()
  return routes
}

export function routeSection(
  { method, schema, url }: DescribedRoute,
  known: KnownSchemas = new Map(),
): string {
  const { body, description, headers, params, problems, querystring, response, summary } = schema
  return [
    `### ${summary}`,
    `\`${method} ${pathOf(url)}\``,
    ...(description === undefined ? [] : [paragraph(description)]),
    ...inputOf('Path', params, known),
    ...inputOf('Query', querystring, known),
    ...inputOf('Headers', headers, known),
    ...inputOf('Body', body, known),
    ...answersOf(response, known),
    ...problemTable(problems),
  ].join('\n\n')
}

/** `/v1/messages/{id}` */
export function pathOf(url: string): string {
  return url.replaceAll(/:(\w+)/g, '{$1}')
}

export function problemTable(problems: Problems = {}): string[] {
  const rows = Object.entries(problems).map(([status, meaning]) => [status, sentence(meaning)])
  return tableOf(['problem', 'meaning'], rows)
}

function inputOf(title: string, part: unknown, known: KnownSchemas): string[] {
  if (!(part instanceof z.ZodType)) return []
  const words = known.get(part)
  if (words !== undefined) return [paragraph(`${title}: ${words}`)]
  return [`${title}:`, inputTable(part)]
}

function answersOf(response: unknown, known: KnownSchemas): string[] {
  return Object.entries(response ?? {}).flatMap(([status, schema]) => {
    if (!(schema instanceof z.ZodType)) throw new Error(`the answer ${status} has no schema`)
    const words = known.get(schema)
    if (words !== undefined) return [paragraph(`Answer ${status}: ${words}`)]
    const table = outputTable(schema)
    return [
      paragraph(`Answer ${status}: ${descriptionOf(schema)}`),
      ...(table === '' ? [] : [table]),
    ]
  })
}
