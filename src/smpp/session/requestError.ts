import { commandStatusName } from '../wire/commandStatus.ts'

/**
 * Why a request got no response. If `isOutcomeUnknown` is true, the request was sent and the peer
 * may have accepted it, so sending it again may create a duplicate.
 */
export type FailedRequest =
  | { readonly code: 'TIMEOUT'; readonly isOutcomeUnknown: true }
  | { readonly code: 'CLOSED'; readonly isOutcomeUnknown: boolean; readonly reason: string }
  | { readonly code: 'ABORTED'; readonly isOutcomeUnknown: boolean; readonly cause: unknown }
  | { readonly code: 'NOT_ALLOWED' | 'TOO_MANY_WAITING'; readonly isOutcomeUnknown: false }
  | { readonly code: 'NACKED'; readonly isOutcomeUnknown: false; readonly commandStatus: number }

const REASONS: Readonly<Record<FailedRequest['code'], string>> = {
  TIMEOUT: 'the peer did not answer within the response timer',
  CLOSED: 'the session ended before a response arrived',
  ABORTED: 'the caller aborted it',
  NOT_ALLOWED: 'the state or version of the session forbids it: see session.state and canSend()',
  NACKED: 'the peer answered generic_nack',
  TOO_MANY_WAITING: 'too many sends are waiting for the window: await earlier sends first',
}

/**
 * The error with which `Session.send` rejects if a request got no response. A response is never an
 * error, whatever its command_status. The `code` gives the reason:
 *
 * - `TIMEOUT`: no response arrived within the response timer. A later response is not reported.
 * - `CLOSED`: the session was closed or unbinding.
 * - `ABORTED`: the caller's signal was aborted.
 * - `NACKED`: the peer rejected the request with generic_nack (SMPP 3.4 §4.3); see `commandStatus`.
 * - `NOT_ALLOWED`: the state or version of the session forbids the command.
 * - `TOO_MANY_WAITING`: the window is full, and the maximum number of sends is already waiting.
 */
export class RequestError extends Error {
  /** The reason. The comment on the class lists all codes. */
  readonly code: FailedRequest['code']
  /** True if the peer may have accepted the request; false if it certainly has not. */
  readonly isOutcomeUnknown: boolean
  /** The command_status of the generic_nack; undefined for all other codes. */
  readonly commandStatus: number | undefined

  constructor(command: string, failure: FailedRequest) {
    const commandStatus = failure.code === 'NACKED' ? failure.commandStatus : undefined
    const cause = failure.code === 'ABORTED' ? { cause: failure.cause } : {}
    super(`${command} got no response: ${REASONS[failure.code]}${moreOf(failure)}`, cause)
    this.name = 'RequestError'
    this.code = failure.code
    this.isOutcomeUnknown = failure.isOutcomeUnknown
    this.commandStatus = commandStatus
  }
}

function moreOf(failure: FailedRequest): string {
  if (failure.code === 'NACKED') return ` ${commandStatusName(failure.commandStatus)}`
  return failure.code === 'CLOSED' ? `: ${failure.reason}` : ''
}
