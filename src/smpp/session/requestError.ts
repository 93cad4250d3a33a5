import { commandStatusName } from '../wire/commandStatus.ts'

/**
 * What became of a request that got no response of its own. `isOutcomeUnknown`: the request was
 * sent and the peer may have accepted it, so sending it again may create a duplicate.
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
  ABORTED: 'its signal was aborted',
  NOT_ALLOWED: 'state or version of the session forbid it: see session.state and canSend()',
  NACKED: 'the peer answered generic_nack',
  TOO_MANY_WAITING: 'the window is full and so is the queue for it: await earlier ones first',
}

/**
 * Why `Session.send` got no response. A response is no error, whatever its command_status.
 *
 * - `TIMEOUT`: no response came within the response timer; a later response is not reported.
 * - `CLOSED`: the session closed, or was about to end.
 * - `ABORTED`: by the caller's signal.
 * - `NACKED`: generic_nack (SMPP 3.4 §4.3), see `commandStatus`; the peer did not take it.
 * - `NOT_ALLOWED`: state or version of the session forbid the command.
 * - `TOO_MANY_WAITING`: the window is full, and so is the queue for it.
 */
export class RequestError extends Error {
  /** See above. */
  readonly code: FailedRequest['code']
  /** True: whether the peer took it is unknown. False: it did not. */
  readonly isOutcomeUnknown: boolean
  /** That of a generic_nack. */
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
