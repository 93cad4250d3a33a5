// Sends one message over HTTP as a customer does: POST /v1/messages, then GET until the state is
// final or the timeout has passed.

import { performance } from 'node:perf_hooks'
import { setTimeout as after } from 'node:timers/promises'
import { z } from 'zod'
import type {
  FollowedStep,
  FollowOptions,
  NoSession,
  SendOutcome,
  SmsToSend,
} from '../../lab/followOverSmpp.ts'
import { CliError } from './cliError.ts'
import { httpCall, ProblemResponse } from './httpCall.ts'

export interface HttpTarget {
  readonly url: string
  readonly key: string
}

const POLL_INTERVAL_MS = 200
const FINAL_STATES = new Set([
  'DELIVERED',
  'EXPIRED',
  'DELETED',
  'UNDELIVERABLE',
  'REJECTED',
  'SKIPPED',
])

const acceptedSchema = z.object({ id: z.string() })
const messageSchema = z.object({
  state: z.string(),
  submittedAt: z.string().nullish(),
  doneAt: z.string().nullish(),
  error: z.union([z.string(), z.number()]).nullish(),
})
type Message = z.infer<typeof messageSchema>

/** Rejects with CliError if the API is unreachable or does not know the key. */
export async function followOverHttp(
  { url, key: token }: HttpTarget,
  sms: SmsToSend,
  { timeoutMs, onStep }: FollowOptions,
): Promise<Exclude<SendOutcome, NoSession>> {
  const startedAt = performance.now()
  const elapsedMs = () => Math.round(performance.now() - startedAt)
  const step = (name: FollowedStep['step'], detail: string) =>
    onStep({ step: name, elapsedMs: elapsedMs(), detail })
  const base = url.replace(/\/+$/, '')

  const accepted = await post(`${base}/v1/messages`, token, sms)
  if (accepted.kind === 'refused') return accepted
  const { messageId } = accepted
  step('accepted', `message id ${messageId}`)
  let submitted = false
  while (elapsedMs() < timeoutMs) {
    const message = await read(`${base}/v1/messages/${messageId}`, token)
    if (message?.submittedAt && !submitted) {
      submitted = true
      step('submitted', `to the SMSC at ${message.submittedAt}`)
    }
    if (message && FINAL_STATES.has(message.state)) {
      step('receipt', finalDetail(message))
      const kind = message.state === 'DELIVERED' ? 'delivered' : 'undelivered'
      return { kind, messageId, state: message.state }
    }
    await after(POLL_INTERVAL_MS)
  }
  return { kind: 'timeout', messageId }
}

async function post(
  url: string,
  token: string,
  sms: SmsToSend,
): Promise<{ kind: 'accepted'; messageId: string } | { kind: 'refused'; status: string }> {
  try {
    // No receipt is requested: it would be kept until the account binds over SMPP, and the state
    // can be read without a receipt.
    const answer = await httpCall({ url, token, method: 'POST', body: sms })
    return { kind: 'accepted', messageId: acceptedSchema.parse(answer.body).id }
  } catch (error) {
    if (!(error instanceof ProblemResponse)) throw error
    if (error.status === 401)
      throw new CliError('the API key is unknown: pass the key of a user with --key', {
        code: error.code,
        cause: error,
      })
    return { kind: 'refused', status: `${error.status} ${error.problem.detail}`.trim() }
  }
}

/**
 * Resolves with the message. Resolves with undefined if the message is not stored yet (404) or the
 * server failed (5xx).
 */
async function read(url: string, token: string): Promise<Message | undefined> {
  try {
    return messageSchema.parse((await httpCall({ url, token })).body)
  } catch (error) {
    const { status } = error instanceof ProblemResponse ? error : { status: 0 }
    if (status === 404 || status >= 500) return undefined
    throw error
  }
}

function finalDetail({ state, error, doneAt }: Message): string {
  const why = error === null || error === undefined ? '' : `, error ${error}`
  return `${state}${why}${doneAt ? `, done at ${doneAt}` : ''}`
}
