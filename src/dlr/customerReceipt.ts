import { decodeBody, encodeBody, MESSAGE_STATE, readTlv, receiptText, tlv } from '../smpp/index.ts'
import type { ShortMessageBody } from '../smpp/index.ts'
import type { Transitioned } from '../store/messages.ts'

/** SMPP 3.4 §5.2.12: bits 5-2 of esm_class. */
const ESM_CLASS_RECEIPT = 0x04
const ESM_CLASS_INTERMEDIATE = 0x20
/** Appendix B: the first characters of the message. */
const TEXT_OCTETS = 20

/** The deliver_sm body that tells a customer what became of a message (SMPP 3.4 appendix B). */
export function customerReceipt(message: Transitioned): Buffer {
  const submitSm = decodeBody('submit_sm', message.submit_sm)
  const delivered = message.state === MESSAGE_STATE.DELIVERED
  const interim =
    message.state === MESSAGE_STATE.ENROUTE || message.state === MESSAGE_STATE.ACCEPTED
  return encodeBody('deliver_sm', {
    service_type: submitSm.service_type,
    // Swapped: the receipt comes from the number the message went to.
    source_addr_ton: submitSm.dest_addr_ton,
    source_addr_npi: submitSm.dest_addr_npi,
    source_addr: submitSm.destination_addr,
    dest_addr_ton: submitSm.source_addr_ton,
    dest_addr_npi: submitSm.source_addr_npi,
    destination_addr: submitSm.source_addr,
    esm_class: interim ? ESM_CLASS_INTERMEDIATE : ESM_CLASS_RECEIPT,
    short_message: receiptText({
      id: message.message_id,
      sub: 1,
      dlvrd: delivered ? 1 : 0,
      submitDate: new Date(message.accepted_at_ms),
      doneDate: new Date(message.done_at_ms),
      messageState: message.state,
      err: errOf(message.error),
      text: firstOctets(submitSm),
    }),
    tlvs: [tlv('receipted_message_id', message.message_id), tlv('message_state', message.state)],
  })
}

/** As they came: the receipt's text is in the customer's own encoding. */
function firstOctets(submitSm: ShortMessageBody): string {
  const text =
    submitSm.short_message.length > 0
      ? submitSm.short_message
      : (readTlv(submitSm.tlvs, 'message_payload') ?? submitSm.short_message)
  // Control characters and NUL would break the label format; eight-bit text is shown as dots.
  return text
    .subarray(0, TEXT_OCTETS)
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '.')
}

/** A word without blanks, as the label format wants it; a reason in prose shows in the trace. */
function errOf(error: string): string {
  return /^[\w.-]{1,20}$/.test(error) ? error : '000'
}
