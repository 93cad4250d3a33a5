// Tells which states are final, and for which states a customer requested a receipt. The ranks come
// from smpp/receipts/stateRank.ts.

import { MESSAGE_STATE, type MessageState } from '../smpp/receipts/messageState.ts'
import { RANK_UNCERTAIN, rankOf } from '../smpp/receipts/stateRank.ts'

export { messageStateName } from '../smpp/receipts/messageState.ts'
export type { MessageState } from '../smpp/receipts/messageState.ts'
export { RANK_FINAL, RANK_UNCERTAIN, rankOf } from '../smpp/receipts/stateRank.ts'

/**
 * The rank of a message that an SMSC refused, whose attempts ran out, or whose validity ended while
 * it waited. Only a receipt with DELIVRD replaces this state: an earlier submission whose answer
 * was lost may have been delivered after all.
 */
export const RANK_REFUSED = 8

export function isFinal(state: MessageState): boolean {
  return rankOf(state) >= RANK_UNCERTAIN
}

/**
 * Whether the customer requested a receipt for this state with registered_delivery (SMPP 5.0
 * §4.7.21). Bits 1-0: 1 requests a receipt for every final state, 2 only for failures, and 3 only
 * for success. Bit 4 also requests receipts for interim states.
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
