// How far a message is. States have ranks, and a state only ever gives way to one of higher rank:
// a final one is never overwritten by a later-coming interim one, whatever order receipts arrive
// in.

import { MESSAGE_STATE, type MessageState } from '../smpp/messageState.ts'

export { messageStateName } from '../smpp/messageState.ts'
export type { MessageState } from '../smpp/messageState.ts'

/** An end, but perhaps not the true one: it yields to a final state that comes after all. */
export const RANK_UNCERTAIN = 5
export const RANK_FINAL = 10

/**
 * SMPP 3.4 §5.2.28. ACCEPTED is final by the book, an interim in practice. UNKNOWN is what an SMSC
 * says that lost sight of a message, and what we take a state for that nobody understands.
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

export function isFinal(state: MessageState): boolean {
  return rankOf(state) >= RANK_UNCERTAIN
}

/**
 * Whether the customer asked to hear of this state. registered_delivery (SMPP 5.0 §4.7.21) bits
 * 1-0: 1 every final state, 2 failures only, 3 success only; bit 4 interim states.
 */
export function wantsReceipt(registeredDelivery: number, state: MessageState): boolean {
  if (!isFinal(state)) return (registeredDelivery & 0x10) !== 0
  const delivered = state === MESSAGE_STATE.DELIVERED
  switch (registeredDelivery & 0x03) {
    case 1:
      return true
    case 2:
      return !delivered
    case 3:
      return delivered
    default:
      return false
  }
}
