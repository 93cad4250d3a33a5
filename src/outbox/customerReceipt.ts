import { MESSAGE_STATE } from '../smpp/receipts/messageState.ts'
import { receiptBody } from '../smpp/receipts/receiptText.ts'
import { messageText } from '../smpp/text/userData.ts'
import { decodeBody, encodeBody } from '../smpp/wire/codec.ts'
import type { Transitioned } from '../message/stateChanges.ts'
import { receiptError, type ReceiptErrors } from './receiptError.ts'

/**
 * Encodes the receipt of a message for the customer, as a deliver_sm body (SMPP 3.4 appendix B).
 * @param errors the account's own error codes
 */
export function customerReceipt(message: Transitioned, errors?: ReceiptErrors): Buffer {
  const submitSm = decodeBody('submit_sm', message.submit_sm)
  const delivered = message.state === MESSAGE_STATE.DELIVERED
  return encodeBody('deliver_sm', {
    service_type: submitSm.service_type,
    // The addresses are swapped: the receipt comes from the number to which the message was sent.
    source_addr_ton: submitSm.dest_addr_ton,
    source_addr_npi: submitSm.dest_addr_npi,
    source_addr: submitSm.destination_addr,
    dest_addr_ton: submitSm.source_addr_ton,
    dest_addr_npi: submitSm.source_addr_npi,
    destination_addr: submitSm.source_addr,
    ...receiptBody({
      id: message.message_id,
      sub: 1,
      dlvrd: delivered ? 1 : 0,
      submitDate: new Date(message.accepted_at_ms),
      doneDate: new Date(message.done_at_ms),
      messageState: message.state,
      err: receiptError(message.error, message.command_status ?? undefined, errors),
      // The octets of the text are copied unchanged where possible. With data_coding 0, the
      // customer reads the receipt in the same alphabet in which it wrote the message.
      text: messageText(submitSm, { defaultAlphabet: 'latin1' }).replace(/[^\x20-\x7e]/g, '.'),
    }),
  })
}
