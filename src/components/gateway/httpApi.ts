// The customers' HTTP API: `POST /v1/messages` and `GET /v1/messages/{id}`. Requests carry an API
// key as bearer token, which is checked before the body is read. Like ESME_ROK over SMPP, status
// 202 means that the message is durable. Errors are problem documents (RFC 9457).

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { type Problem, problem } from '../../runtime/problem.ts'
import type { User } from '../../platform/user.ts'
import { SteadyClock } from '../../flow/steadyClock.ts'
import type { Verdict } from '../../routing/routerCallWire.ts'
import { type MessageId, parseMessageId, timeOf } from '../../message/ids.ts'
import { labelled } from '../../platform/problemItem.ts'
import {
  ESME_RINVDSTADR,
  ESME_RINVEXPIRY,
  ESME_RINVMSGLEN,
  ESME_RINVSRCADR,
  ESME_RMSGQFUL,
  ESME_RTHROTTLED,
  messageStateName,
} from '../../smpp/index.ts'
import type { MessageStatus } from '../../message/messageTable.ts'
import { describeIssues } from '../describeIssues.ts'
import type { Credentials } from './credentials.ts'
import { HttpDoor, type HttpDoorLimits, sendProblem } from './httpDoor.ts'
import { type HttpMessage, submitSmOf } from './httpMessage.ts'
import * as routes from './httpRoutes.ts'
import type { Intake } from './intake.ts'

export interface HttpApiOptions {
  limits: HttpDoorLimits
  credentials: Credentials
  intake: Intake
  readStatus: (id: MessageId, account: string) => Promise<MessageStatus | undefined>
  onTrouble: (what: string, error: Error) => void
}

const CLOCK = new SteadyClock()
/** A newly accepted message may take this long to appear in the database. */
const JOURNAL_GRACE_MS = 10_000
/**
 * If the body of a refused request is at most this long, the server reads and discards the body, so
 * that the client receives the answer and can keep the connection. For a longer body, the
 * connection is closed after the answer.
 */
const DROPPED_OCTETS_MAX = 64 * 1024

export function createHttpApi(options: HttpApiOptions): HttpDoor {
  const door = new HttpDoor(options.limits)
  const { app } = door
  app.addHook('onRequest', async (request, reply) => {
    const isFound = !request.is404
    if (isFound && authenticate(options.credentials, request)) return
    if (!isShort(request)) reply.header('connection', 'close')
    return isFound ? refuseKey(request, reply) : sendProblem(reply, NOT_FOUND)
  })
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof InvalidRequest) return sendProblem(reply, error.document)
    const status = error.statusCode ?? 500
    if (status >= 500) options.onTrouble('answering an HTTP request failed', error)
    return sendProblem(reply, problem(status, DETAILS.get(status) ?? error.message))
  })
  app.setValidatorCompiler<z.ZodType>(({ schema }) => (input: unknown) => {
    const result = schema.safeParse(input)
    if (result.success) return { value: result.data }
    return { error: new InvalidRequest(invalid(schema, result.error.issues, input)) }
  })
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  app.register(messageRoutes(options))
  return door
}

function messageRoutes(options: HttpApiOptions): FastifyPluginAsyncZod {
  return async (api) => {
    api.post('/v1/messages', { schema: routes.postMessage }, async (request, reply) => {
      // The key is checked again, because it may have been revoked while the body arrived.
      const user = authenticate(options.credentials, request)
      if (!user) return refuseKey(request, reply)
      const { verdict, id } = await submit(options.intake, user, request.body)
      if (verdict.kind === 'accepted') return reply.code(202).send({ id, status: 'accepted' })
      const refusal = refused(verdict)
      if (refusal.status === 429) reply.header('retry-after', '1')
      return sendProblem(reply, refusal)
    })

    api.get('/v1/messages/:id', { schema: routes.getMessage }, async (request, reply) => {
      const user = authenticate(options.credentials, request)
      if (!user) return refuseKey(request, reply)
      const id = parseMessageId(request.params.id)
      if (!id) return sendProblem(reply, problem(404, 'this is not a valid message id'))
      const row = await options.readStatus(id, user.account)
      if (row) return statusOf(row)
      if (isRecent(id)) return { id, state: 'ENROUTE' as const }
      return sendProblem(reply, problem(404, `this account has no message ${id}`))
    })
  }
}

function isShort({ headers }: FastifyRequest): boolean {
  if (headers['transfer-encoding'] !== undefined) return false
  return Number(headers['content-length'] ?? 0) <= DROPPED_OCTETS_MAX
}

function submit(
  intake: Intake,
  user: User,
  message: HttpMessage,
): Promise<{ verdict: Verdict; id: MessageId }> {
  const body = submitSmOf(message)
  return new Promise((resolve) =>
    intake.submit(user, body, (verdict, id) => resolve({ verdict, id })),
  )
}

/** A request that does not match the schema of its route. */
class InvalidRequest extends Error {
  readonly code = 'INVALID_REQUEST'
  readonly document: Problem

  constructor(document: Problem) {
    super(document.detail)
    this.document = document
  }
}

function invalid(schema: z.ZodType, issues: readonly z.core.$ZodIssue[], body: unknown): Problem {
  const errors = describeIssues(schema, issues, body).map((item) =>
    labelled({ ...item, path: item.path || 'body' }),
  )
  return problem(400, errors.join('; '), errors)
}

/** Translates a router's command_status into an HTTP status and a field of the request. */
function refused({ commandStatus, reason }: Extract<Verdict, { kind: 'refused' }>): Problem {
  const field = FIELDS.get(commandStatus)
  const detail = field === undefined ? reason : `${field}: ${reason}`
  return problem(HTTP_STATUS.get(commandStatus) ?? 422, detail)
}

/**
 * Returns whether the id was created within the last ten seconds. An id contains the wall-clock
 * time of its creation. If the wall clock is set forward after the creation, the id seems older
 * than it is. So the age is also measured with a steady clock, which ignores such changes, and the
 * lower age counts.
 */
function isRecent(id: MessageId): boolean {
  return Math.min(Date.now(), CLOCK.nowMs()) - timeOf(id) < JOURNAL_GRACE_MS
}

function statusOf(row: MessageStatus): z.infer<typeof routes.messageStatusSchema> {
  return {
    id: row.message_id,
    to: row.destination_addr,
    from: row.source_addr,
    state: messageStateName(row.state),
    acceptedAt: row.accepted_at.toISOString(),
    submittedAt: row.submitted_at?.toISOString() ?? null,
    doneAt: row.done_at?.toISOString() ?? null,
    error: row.error,
  }
}

function authenticate(credentials: Credentials, request: FastifyRequest): User | undefined {
  const key = apiKeyOf(request)
  return key === undefined ? undefined : credentials.byApiKey(key)
}

function apiKeyOf({ headers }: FastifyRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}

function refuseKey(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const isMissing = apiKeyOf(request) === undefined
  reply.header('www-authenticate', isMissing ? CHALLENGE : `${CHALLENGE}, error="invalid_token"`)
  return sendProblem(reply, isMissing ? KEY_MISSING : KEY_UNKNOWN)
}

const NOT_FOUND = problem(404, 'no such route: use POST /v1/messages or GET /v1/messages/{id}')
/** Details that replace Fastify's own error messages for these statuses. */
const DETAILS = new Map([
  [415, 'send JSON: Content-Type: application/json'],
  [500, 'Internal error; please retry.'],
])
const KEY_MISSING = problem(401, 'the API key is missing: send it as "Authorization: Bearer KEY"')
const KEY_UNKNOWN = problem(
  401,
  'this API key is unknown, or its user or account is disabled: check the key',
)
/** RFC 6750 §3. */
const CHALLENGE = 'Bearer realm="signalbox"'
/** The HTTP status of a refusal, by command_status. All other refusals get status 422. */
const HTTP_STATUS = new Map([
  [ESME_RTHROTTLED, 429],
  [ESME_RMSGQFUL, 503],
])
/** The request field to which a refusal refers, by command_status. */
const FIELDS = new Map([
  [ESME_RINVDSTADR, 'to'],
  [ESME_RINVSRCADR, 'from'],
  [ESME_RINVMSGLEN, 'text'],
  [ESME_RINVEXPIRY, 'validity'],
])
