import { bindError } from './bindRefusedError.ts'
import { nearestName } from '../wire/nearestName.ts'
import * as check from '../wire/optionCheck.ts'
import { checkOptions, type Options } from '../wire/optionCheck.ts'
import { BOUND_STATE, type BindCommand } from '../wire/pduTable.ts'
import type { Session } from '../session/session.ts'
import { abortedError } from '../transport/smppConnectError.ts'

/** The contents of a bind request (SMPP 3.4 §4.1). */
export interface BindRequest {
  /** The direction: to send, to receive, or both. Version 3.3 has no bind_transceiver. */
  readonly command: BindCommand
  /** At most 15 characters. */
  readonly system_id: string
  /** At most 8 characters. */
  readonly password: string
  /** At most 12 characters. Default ''. */
  readonly system_type?: string
  /** The type of number of address_range, one of TYPE_OF_NUMBER. Default 0. */
  readonly addr_ton?: number
  /** The numbering plan of address_range, one of NUMBERING_PLAN. Default 0. */
  readonly addr_npi?: number
  /** The addresses that we serve (SMPP 3.4 §4.1.1), at most 40 characters. Default ''. */
  readonly address_range?: string
  /** Aborts the bind and closes the session. The signal has no effect once the session is bound. */
  readonly signal?: AbortSignal
}

const bindCommand = check.oneOf(
  Object.keys(BOUND_STATE),
  'bind_transmitter, bind_receiver or bind_transceiver',
  (wrong) => nearestName(String(wrong), Object.keys(BOUND_STATE)),
)

export const BIND_OPTIONS: Options<BindRequest> = {
  checks: {
    command: bindCommand,
    system_id: check.text,
    password: check.secret,
    system_type: check.text,
    addr_ton: check.integer(0, 255),
    addr_npi: check.integer(0, 255),
    address_range: check.text,
    signal: check.signal,
  },
  needed: ['command', 'system_id', 'password'],
}

/**
 * Binds an ESME's session that is connected but not bound, such as a session that received an
 * outbind (SMPP 3.4 §2.2.1). Resolves with the same session. On failure, closes the session and
 * rejects with SmppConnectError or BindRefusedError, with PduError if a field does not fit, or with
 * TypeError or RangeError if an option is unknown or its value is invalid.
 */
export function bindSession(session: Session, request: BindRequest): Promise<Session> {
  try {
    checkOptions('bindSession', request, BIND_OPTIONS)
  } catch (error) {
    session.close('the bind options are invalid')
    return Promise.reject(error)
  }
  return bindAt(`${session.remoteAddress}:${session.remotePort}`, session, request)
}

/** Binds with options that are already checked. `where` names the peer in error messages. */
export function bindAt(where: string, session: Session, request: BindRequest): Promise<Session> {
  const { command, signal } = request
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(abortedError(where))
      session.close('aborted by the caller')
    }
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort)
    try {
      session.requestBind(command, bodyOf(request, session), (outcome) => {
        signal?.removeEventListener('abort', onAbort)
        const refusal = bindError(outcome, command, where)
        if (refusal === undefined) return resolve(session)
        reject(refusal)
        session.close(refusal.message)
      })
    } catch (error) {
      // The credentials do not fit, or our version has no such bind command. Nothing was sent.
      signal?.removeEventListener('abort', onAbort)
      session.close('the bind request cannot be encoded')
      reject(error)
    }
  })
}

function bodyOf(request: BindRequest, { interfaceVersion }: Session) {
  return {
    system_id: request.system_id,
    password: request.password,
    system_type: request.system_type ?? '',
    interface_version: interfaceVersion,
    addr_ton: request.addr_ton ?? 0,
    addr_npi: request.addr_npi ?? 0,
    address_range: request.address_range ?? '',
  }
}
