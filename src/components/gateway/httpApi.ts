// The customers' HTTP API: `POST /v1/messages` and `GET /v1/messages/{id}`, with an API key as
// bearer token, which is checked before a body is read. 202 means what ESME_ROK means. Errors are
// problem documents (RFC 9457).

import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Problem, problem } from '../../runtime/problem.ts'
import type { User } from '../../platform/user.ts'
import type { Verdict } from '../../routing/routerCallWire.ts'
import { type MessageId, parseMessageId, timeOf } from '../../message/ids.ts'
import { encodeBody, encodeText, messageStateName, tlv } from '../../smpp/index.ts'
import {
  commandStatusName,
  ESME_RINVDSTADR,
  ESME_RMSGQFUL,
  ESME_RTHROTTLED,
} from '../../smpp/index.ts'
import type { MessageStatus } from '../../message/messageTable.ts'
import type { Credentials } from './credentials.ts'
import { HttpDoor, type HttpDoorLimits, sendProblem } from './httpDoor.ts'
import type { Intake } from './intake.ts'

export interface HttpApiOptions {
  limits: HttpDoorLimits
  credentials: Credentials
  intake: Intake
  readStatus: (id: MessageId, account: string) => Promise<MessageStatus | undefined>
  onTrouble: (what: string, error: Error) => void
}

const messageSchema = z.strictObject({
  to: z.string().regex(/^\+?[0-9]{3,20}$/, 'digits in international form, with or without +'),
  from: z
    .string()
    .regex(/^[\x20-\x7e\xa0-\xff]{0,20}$/, 'at most 20 characters of Latin-1')
    .default(''),
  text: z.string().max(10_000),
  /** 0 none, 1 final state, 2 failures only: to the account's bound receivers. */
  registered_delivery: z.int().min(0).max(31).default(0),
})

/** SMPP 3.4 §4.4.1: longer text travels as message_payload. */
const MAX_SHORT_MESSAGE_OCTETS = 254
/** How long a message may take to show up in the store: it was accepted a moment ago. */
const JOURNAL_GRACE_MS = 10_000
const TON = { unknown: 0, international: 1, alphanumeric: 5 } as const
const NPI = { unknown: 0, e164: 1 } as const
/** The rest of a refused request up to this size is read and dropped, so the answer arrives. */
const DROPPED_OCTETS_MAX = 64 * 1024

export function createHttpApi(options: HttpApiOptions): HttpDoor {
  const door = new HttpDoor(options.limits)
  const { app } = door
  app.addHook('onRequest', async (request, reply) => {
    const refusal = request.is404 ? NOT_FOUND : refusalOf(options.credentials, request)
    if (!refusal) return
    if (!isShort(request)) reply.header('connection', 'close')
    return sendProblem(reply, refusal)
  })
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) options.onTrouble('answering over HTTP', error)
    const detail = status >= 500 ? 'Internal error; please retry.' : error.message
    return sendProblem(reply, problem(status, detail))
  })
  app.post('/v1/messages', (request, reply) => postMessage(options, request, reply))
  app.get<{ Params: { id: string } }>('/v1/messages/:id', (request, reply) =>
    getMessage(options, request, request.params.id, reply),
  )
  return door
}

function refusalOf(credentials: Credentials, request: FastifyRequest): Problem | undefined {
  return authenticate(credentials, request) ? undefined : UNAUTHORISED
}

function isShort({ headers }: FastifyRequest): boolean {
  if (headers['transfer-encoding'] !== undefined) return false
  return Number(headers['content-length'] ?? 0) <= DROPPED_OCTETS_MAX
}

async function postMessage(options: HttpApiOptions, request: FastifyRequest, reply: FastifyReply) {
  // Again: the key may have been revoked while the body arrived.
  const user = authenticate(options.credentials, request)
  if (!user) return sendProblem(reply, UNAUTHORISED)
  const parsed = messageSchema.safeParse(request.body)
  if (!parsed.success) {
    const errors = parsed.error.issues.map(
      (issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`,
    )
    return sendProblem(reply, problem(400, errors.join('; '), errors))
  }
  const body = submitSmBody(parsed.data)
  const { verdict, id } = await new Promise<{ verdict: Verdict; id: MessageId }>((resolve) =>
    options.intake.submit(user, body, (given, messageId) =>
      resolve({ verdict: given, id: messageId }),
    ),
  )
  if (verdict.kind === 'accepted') return reply.code(202).send({ id, status: 'accepted' })
  const status = HTTP_STATUS.get(verdict.commandStatus) ?? 422
  if (status === 429) reply.header('retry-after', '1')
  return sendProblem(
    reply,
    problem(status, `${commandStatusName(verdict.commandStatus)}: ${verdict.reason}`),
  )
}

async function getMessage(
  options: HttpApiOptions,
  request: FastifyRequest,
  text: string,
  reply: FastifyReply,
) {
  const user = authenticate(options.credentials, request)
  if (!user) return sendProblem(reply, UNAUTHORISED)
  const id = parseMessageId(text)
  if (!id) return sendProblem(reply, problem(404, 'that is not a message id'))
  const row = await options.readStatus(id, user.account)
  if (row) return reply.send(statusOf(row))
  if (Date.now() - timeOf(id) < JOURNAL_GRACE_MS) return reply.send({ id, state: 'ENROUTE' })
  return sendProblem(reply, problem(404, `there is no message ${id} of this account`))
}

function statusOf(row: MessageStatus) {
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
  const [scheme, key] = (request.headers.authorization ?? '').split(' ')
  return scheme?.toLowerCase() === 'bearer' && key ? credentials.byApiKey(key) : undefined
}

function submitSmBody(message: z.infer<typeof messageSchema>): Buffer {
  const { data_coding, short_message: octets } = encodeText(message.text)
  const long = octets.length > MAX_SHORT_MESSAGE_OCTETS
  return encodeBody('submit_sm', {
    ...sourceAddress(message.from),
    dest_addr_ton: TON.international,
    dest_addr_npi: NPI.e164,
    destination_addr: message.to.replace(/^\+/, ''),
    registered_delivery: message.registered_delivery,
    data_coding,
    short_message: long ? Buffer.alloc(0) : octets,
    tlvs: long ? [tlv('message_payload', octets)] : [],
  })
}

/** SMPP 3.4 §5.2.5: digits are a number, all else is a name. */
function sourceAddress(from: string) {
  const digits = /^\+?([0-9]+)$/.exec(from)?.[1]
  if (digits !== undefined)
    return {
      source_addr_ton: from.startsWith('+') ? TON.international : TON.unknown,
      source_addr_npi: NPI.e164,
      source_addr: digits,
    }
  const named = from === '' ? TON.unknown : TON.alphanumeric
  return { source_addr_ton: named, source_addr_npi: NPI.unknown, source_addr: from }
}

const NOT_FOUND = problem(404, 'there are POST /v1/messages and GET /v1/messages/{id}')
const UNAUTHORISED = problem(401, 'send the API key as "Authorization: Bearer KEY"')
const HTTP_STATUS = new Map([
  [ESME_RTHROTTLED, 429],
  [ESME_RMSGQFUL, 503],
  [ESME_RINVDSTADR, 422],
])
