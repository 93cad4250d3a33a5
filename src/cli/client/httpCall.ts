import { request as requestHttp } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { text as textOf } from 'node:stream/consumers'
import { z } from 'zod'
import { CliError } from './cliError.ts'

/**
 * The longest time for which the server may stay silent. The limit is generous, because hashing the
 * passwords in a large document takes a long time.
 */
const SILENCE_TIMEOUT_MS = 120_000

const problemSchema = z.object({
  title: z.string().default(''),
  detail: z.string().default(''),
  errors: z.array(z.string()).default([]),
  /** For each error, a JSON pointer into the request body. Only the admin API sends pointers. */
  pointers: z.array(z.string()).default([]),
})

export type Problem = z.infer<typeof problemSchema>

/** The error for a response with a 4xx or 5xx status. */
export class ProblemResponse extends CliError {
  readonly status: number
  readonly problem: Problem

  constructor(status: number, problem: Problem, url: string) {
    super(problemText(status, problem, url), { code: `HTTP_${status}` })
    this.status = status
    this.problem = problem
  }
}

export interface HttpCall {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly token: string
  readonly body?: unknown
  /** The server responds with 412 unless the platform is at this revision. */
  readonly ifRevision?: number | undefined
}

export interface HttpAnswer {
  readonly body: unknown
  readonly etag: string | undefined
}

/**
 * Makes a JSON call with a bearer token. Throws ProblemResponse for a 4xx or 5xx status, and
 * another CliError if the server is unreachable or its response is not JSON.
 */
export async function httpCall(call: HttpCall): Promise<HttpAnswer> {
  const { status, text, etag } = await exchange(call)
  if (status >= 400) throw new ProblemResponse(status, problemOf(text), call.url)
  return { body: text === '' ? undefined : parseAnswer(text, call.url), etag }
}

/** Uses node:http, because fetch blocks some ports, and users do use some of those ports. */
async function exchange(call: HttpCall) {
  try {
    const response = await respond(call)
    const text = await textOf(response)
    return { status: response.statusCode ?? 0, text, etag: response.headers.etag }
  } catch (cause) {
    throw explained(cause, new URL(call.url).origin)
  }
}

function respond({
  url,
  method = 'GET',
  token,
  body,
  ifRevision,
}: HttpCall): Promise<IncomingMessage> {
  const target = new URL(url)
  const send = target.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const request = send(target, {
      method,
      agent: false,
      timeout: SILENCE_TIMEOUT_MS,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json, application/problem+json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(ifRevision !== undefined && { 'if-match': `"${ifRevision}"` }),
      },
    })
    request.on('timeout', () => request.destroy(new SilenceError('no data arrived')))
    request.on('error', reject)
    request.on('response', resolve)
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

class SilenceError extends Error {
  readonly code = 'SILENCE'
}

function explained(cause: unknown, origin: string): CliError {
  const code = codeOf(cause)
  if (code === 'ECONNREFUSED')
    return new CliError(`nothing answers at ${origin}: is Signalbox running (\`npm start\`)?`, {
      code,
      cause,
    })
  if (code === 'SILENCE')
    return new CliError(`${origin} did not respond in time: check its log, then try again`, {
      code: 'TIMEOUT',
      cause,
    })
  return new CliError(`${origin} cannot be reached (${code}): check the address`, { code, cause })
}

/**
 * Returns the first `code` in the chain of causes. If no error in the chain has a `code`, returns
 * the message of the innermost error.
 */
function codeOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code
    if (!(cause.cause instanceof Error)) return cause.message
  }
  return String(error)
}

function problemOf(text: string): Problem {
  try {
    return problemSchema.parse(JSON.parse(text))
  } catch {
    // Another program answered, such as a proxy. Its text is the best explanation available.
    return problemSchema.parse({ detail: text.slice(0, 500) })
  }
}

function problemText(status: number, { title, detail }: Problem, url: string): string {
  return `${new URL(url).origin} answered ${status}: ${detail || title || 'no reason given'}`
}

function parseAnswer(text: string, url: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = `the response of ${url} is not JSON: is it a Signalbox API?`
    throw new CliError(message, { code: 'NOT_JSON', cause })
  }
}
