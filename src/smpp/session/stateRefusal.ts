import {
  ESME_RALYBND,
  ESME_RINVBNDSTS,
  ESME_ROK,
  ESME_RTHROTTLED,
  ESME_RX_T_APPN,
} from '../wire/commandStatus.ts'
import type { CommandName, SessionState } from '../wire/pduTable.ts'

/**
 * The temporary errors with which we answer messages that crossed our unbind on the wire. The peer
 * may send these messages again in another session.
 */
const CROSSED: ReadonlyMap<CommandName, number> = new Map([
  ['submit_sm', ESME_RTHROTTLED],
  ['submit_multi', ESME_RTHROTTLED],
  ['data_sm', ESME_RTHROTTLED],
  ['broadcast_sm', ESME_RTHROTTLED],
  ['deliver_sm', ESME_RX_T_APPN],
])

export interface Situation {
  readonly state: SessionState
  readonly isBound: boolean
  /** We have sent unbind and not received its response. */
  readonly isLeaving: boolean
}

/**
 * The command_status of our answer to a request that the session's state forbids (SMPP 3.4 §2.3).
 */
export function stateRefusal(
  command: CommandName,
  { isBound, isLeaving, state }: Situation,
): number {
  if (command.startsWith('bind_') && isBound) return ESME_RALYBND
  if (state !== 'UNBOUND') return ESME_RINVBNDSTS
  // Both sides sent unbind at the same time.
  if (command === 'unbind') return ESME_ROK
  return (isLeaving ? CROSSED.get(command) : undefined) ?? ESME_RINVBNDSTS
}
