// Sections about the routes of an HTTP API, generated from the routes registered with Fastify.

import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import { z } from 'zod'
import type { Problems } from '../src/components/describedRoute.ts'
import { descriptionOf, inputTable, meaningsOf, outputTable } from './fieldTable.ts'
import { code, oneLine, paragraph, sentence, tableOf } from './markdownTable.ts'

export interface DescribedRoute {
  readonly method: string
  /** The path with Fastify's parameters, such as `/admin/v1/accounts/:id`. */
  readonly url: string
  readonly schema: FastifySchema
}

type Server = Pick<FastifyInstance, 'ready' | 'close'> & {
  addHook(name: 'onRoute', hook: (route: RouteOptions) => void): unknown
}

/** The routes of a server, which is then closed. Throws if a route lacks a summary or response. */
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

/** A table of the routes, then a section for each. A repeated response is described only once. */
export function routeSections(routes: readonly DescribedRoute[]): string[] {
  const rows = routes.map((route) => [code(callOf(route)), linkTo(summaryOf(route))])
  const described = new Map<unknown, string>()
  return [
    ...tableOf(['route', 'what it does'], rows),
    ...routes.flatMap((route) => sectionOf(route, described)),
  ]
}

function sectionOf(route: DescribedRoute, described: Map<unknown, string>): string[] {
  const { body, description, headers, params, problems, querystring, response } = route.schema
  const summary = summaryOf(route)
  return [
    `### ${summary}`,
    code(callOf(route)),
    ...(description === undefined ? [] : [paragraph(description)]),
    ...pathFields(params),
    ...inputOf('Query', querystring),
    ...inputOf('Headers', headers),
    ...inputOf('Body', body),
    ...answersOf(response, summary, described),
    ...problemTable(problems),
    ...exampleOf(route),
  ]
}

function summaryOf({ schema, url }: DescribedRoute): string {
  if (schema.summary === undefined) throw new Error(`${url} has no summary`)
  return schema.summary
}

/** The method and path, such as `GET /v1/messages/{id}`. */
function callOf({ method, url }: DescribedRoute): string {
  return `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`
}

/** A link to a heading on the same page. */
function linkTo(heading: string): string {
  return `[${heading}](#${heading.toLowerCase().replaceAll(' ', '-')})`
}

export function problemTable(problems: Problems = {}): string[] {
  const rows = Object.entries(problems).map(([status, meaning]) => [status, sentence(meaning)])
  return tableOf(['problem', 'meaning'], rows)
}

function pathFields(params: unknown): string[] {
  if (!(params instanceof z.ZodType)) return []
  return meaningsOf(params).map(({ path, meaning }) =>
    paragraph(`${code(`{${path}}`)}: ${meaning}`),
  )
}

function inputOf(title: string, part: unknown): string[] {
  if (!(part instanceof z.ZodType)) return []
  const elsewhere = describedElsewhere(part)
  if (elsewhere !== undefined) return [paragraph(`${title}: ${elsewhere}`)]
  return [`${title}:`, inputTable(part)]
}

function answersOf(response: unknown, summary: string, described: Map<unknown, string>): string[] {
  return Object.entries(response ?? {}).flatMap(([status, schema]) => {
    if (!(schema instanceof z.ZodType)) throw new Error(`the answer ${status} has no schema`)
    const text = describedElsewhere(schema) ?? descriptionOf(schema)
    const table = describedElsewhere(schema) === undefined ? outputTable(schema) : ''
    const before = described.get(schema)
    if (table !== '' && before !== undefined)
      return [paragraph(`Answer ${status}: ${text} Its fields are under ${linkTo(before)}.`)]
    described.set(schema, summary)
    return [paragraph(`Answer ${status}: ${text}`), ...(table === '' ? [] : [table])]
  })
}

/** The description and link of a schema whose fields are described in another place. */
function describedElsewhere(schema: z.ZodType): string | undefined {
  const { description, see } = schema.meta() ?? {}
  return see === undefined ? undefined : `${oneLine(description ?? '')} (${String(see)}).`
}

/** An example command and its response. A test runs the command. */
function exampleOf({ schema, url }: DescribedRoute): string[] {
  const { example } = schema
  if (example === undefined) return []
  const { answer, body, id = '' } = example
  const lines = [
    `curl http://127.0.0.1:8080${url.replace(':id', id)}`,
    '-H "authorization: Bearer $KEY"',
    ...(body ? ["-H 'content-type: application/json'", `-d '${JSON.stringify(body)}'`] : []),
  ]
  return ['Example:', codeBlock(lines.join(' \\\n  ')), codeBlock(json(answer), 'json')]
}

export function codeBlock(text: string, language = ''): string {
  return `\`\`\`${language}\n${text}\n\`\`\``
}

export function json(value: object): string {
  return JSON.stringify(value, null, 2)
}
