// How far a message is. States have ranks, and a state only ever gives way to one of higher rank: a
// final one is never overwritten by an interim one that comes later, whatever order receipts take.

import { MESSAGE_STATE, type MessageState } from './messageState.ts'

/** An end, but perhaps not the true one: it yields to a final state that comes after all. */
export const RANK_UNCERTAIN = 5
/** An end: nothing replaces it. */
export const RANK_FINAL = 10

/**
 * SMPP 3.4 §5.2.28. ACCEPTED is final by the book, an interim in practice. UNKNOWN is what an SMSC
 * says that lost sight of a message, and what a state that nobody understands is taken for.
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
