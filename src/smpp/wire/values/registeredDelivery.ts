/** Bits 1-0 of registered_delivery (SMPP 3.4 §5.2.17): which receipts the centre is to send. */
export const RECEIPT_REQUEST = {
  NONE: 0x00,
  SUCCESS_OR_FAILURE: 0x01,
  FAILURE: 0x02,
  /** Since 5.0; reserved in 3.4. */
  SUCCESS: 0x03,
} as const

export type ReceiptRequest = (typeof RECEIPT_REQUEST)[keyof typeof RECEIPT_REQUEST]

/** The other bits of registered_delivery, to be combined with a RECEIPT_REQUEST. */
export const REGISTERED_DELIVERY = {
  DELIVERY_ACKNOWLEDGEMENT: 0x04,
  USER_ACKNOWLEDGEMENT: 0x08,
  INTERMEDIATE_NOTIFICATION: 0x10,
} as const

export type RegisteredDelivery = (typeof REGISTERED_DELIVERY)[keyof typeof REGISTERED_DELIVERY]

/** The bits of registered_delivery that RECEIPT_REQUEST is about. */
export const RECEIPT_REQUEST_MASK = 0x03
