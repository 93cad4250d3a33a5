// The ranks of message states. A state is only replaced by a state of higher rank, so an interim
// state never replaces a final state, in whatever order the receipts arrive.

import { MESSAGE_STATE, type MessageState } from './messageState.ts'

/**
 * The rank of UNKNOWN. It is above the interim states, because the message may have ended. It is
 * below the final states, because a later receipt may report the state in which the message ended.
 */
export const RANK_UNCERTAIN = 5
/** The rank of a final state, which no other state replaces. */
export const RANK_FINAL = 10

/**
 * The rank of a state (SMPP 3.4 §5.2.28). ACCEPTED is final in the specification, but an interim
 * state in practice. UNKNOWN is reported by an SMSC that has lost track of a message. It also
 * stands for states that cannot be interpreted.
 */
export function rankOf(state: MessageState): number {
  switch (state) {
    case MESSAGE_STATE.SCHEDULED:
      return 0
    case MESSAGE_STATE.ENROUTE:
      return 1
    case MESSAGE_STATE.ACCEPTED:
      return 2
    case MESSAGE_STATE.UNKNOWN:
      return RANK_UNCERTAIN
    default:
      return RANK_FINAL
  }
}
