// The management API for resources and whole platform documents, under /admin/v1. Each request must
// carry the admin token as a bearer token. The server answers a request for a change only after the
// change has been committed to the database as one revision. A failed write is retried only if it
// conflicted with another write (changePlatform.ts). Every error is a problem document. While the
// database is unavailable, requests get 503.

import { createHash, timingSafeEqual } from 'node:crypto'
import { fastify } from 'fastify'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { asError } from '../../flow/asError.ts'
import { problem, PROBLEM_TYPE } from '../../runtime/problem.ts'
import { detailsOf } from '../../runtime/troubleLog.ts'
import { StoreUnavailable } from '../../database/database.ts'
import type { AdminServerOptions } from './adminServerOptions.ts'
import { connectorRoutes } from './connectorRoutes.ts'
import type { Problems } from '../describedRoute.ts'
import { describeIssues } from '../describeIssues.ts'
import { messageRoutes } from './messageRoutes.ts'
import { platformRoutes } from './platformRoutes.ts'
import { platformStatusSchema } from './platformStatus.ts'
import { invalid, ProblemError } from './problem.ts'
import type { AdminProblem } from './problem.ts'
import { queueRoutes } from './queueRoutes.ts'
import { resourceRoutes } from './resourceRoutes.ts'

/** The maximum size of a request body. A document with about 200,000 users fits. */
const BODY_OCTETS_MAX = 32 * 1024 * 1024

const STATUS = {
  summary: 'Read the status of the platform',
  response: { 200: platformStatusSchema },
}

/** The problems that every route may return. docs/admin-api.md lists them once for all routes. */
export const EVERY_ROUTE: Problems = {
  400: 'The body is not JSON, or the header `if-match` is malformed.',
  401: 'The token is missing or wrong.',
  404: 'There is no such route.',
  413: `The body is larger than ${BODY_OCTETS_MAX / 1024 / 1024} MiB.`,
  415: 'The header `content-type: application/json` is missing.',
  422:
    'A field of the path, the query or the body is missing, unknown or invalid, or contradicts ' +
    'another resource.',
  500: 'Internal error. The log of the admin component has the details.',
  503: 'The database does not answer. Nothing was changed; send the request again.',
}

export function createAdminServer(options: AdminServerOptions) {
  const server = fastify({ bodyLimit: BODY_OCTETS_MAX }).withTypeProvider<ZodTypeProvider>()
  server.setValidatorCompiler<z.ZodType>(({ schema }) => (input: unknown) => {
    const result = schema.safeParse(input)
    if (result.success) return { value: result.data }
    return { error: invalid(describeIssues(schema, result.error.issues, input)) }
  })
  server.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  server.setErrorHandler((error, request, reply) => {
    const document = documentOf(error)
    if (document.status >= 500)
      options.log.error(
        { ...detailsOf(asError(error)), method: request.method, url: request.url },
        document.title,
      )
    return sendProblem(reply, document)
  })
  server.setNotFoundHandler((request, reply) => {
    const detail = `no such route: ${request.method} ${request.url.split('?')[0]}`
    return sendProblem(reply, problem(404, detail))
  })
  server.register(
    async (api) => {
      api.addHook('onRequest', tokenCheck(options.adminToken))
      await api.register(platformRoutes(options))
      await api.register(resourceRoutes(options))
      await api.register(messageRoutes(options))
      await api.register(connectorRoutes(options))
      await api.register(queueRoutes(options))
      api.get('/status', { schema: STATUS }, () => options.readStatus())
    },
    { prefix: '/admin/v1' },
  )
  return server
}

/**
 * Returns a hook that rejects requests without the admin token. It compares digests of the tokens
 * in constant time, so that the duration reveals nothing about the token. Unlike tokens, digests
 * always have equal lengths, which this comparison requires.
 */
function tokenCheck(adminToken: string) {
  const expected = digest(adminToken)
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ')
    if (scheme?.toLowerCase() === 'bearer' && timingSafeEqual(digest(token ?? ''), expected)) return
    reply.header('www-authenticate', 'Bearer')
    throw new ProblemError(
      401,
      'send the header "Authorization: Bearer TOKEN" with the token from SIGNALBOX_ADMIN_TOKEN',
    )
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function sendProblem(reply: FastifyReply, document: AdminProblem): FastifyReply {
  // The document is sent as a Buffer, because fastify adds a charset to the content type of a
  // string, and sets the content type of an object itself.
  return reply
    .code(document.status)
    .header('content-type', PROBLEM_TYPE)
    .send(Buffer.from(JSON.stringify(document)))
}

function documentOf(error: unknown): AdminProblem {
  if (error instanceof ProblemError) return error.document
  if (error instanceof StoreUnavailable)
    return problem(503, 'the database does not answer; nothing was changed, please retry')
  if (isFastifyError(error)) {
    const { statusCode = 500, message } = error
    if (statusCode === 413) return problem(413, `${message} (${BODY_OCTETS_MAX} octets)`)
    if (statusCode === 415) return problem(415, 'send JSON: Content-Type: application/json')
    if (statusCode < 500) return problem(statusCode, message)
  }
  return problem(500, 'Internal error; see the log of the admin component.')
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'statusCode' in error
}
