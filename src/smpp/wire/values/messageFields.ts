/** service_type (SMPP 3.4 §5.2.11). A message centre and its ESMEs may agree on other values. */
export const SERVICE_TYPE = {
  DEFAULT: '',
  CELLULAR_MESSAGING: 'CMT',
  CELLULAR_PAGING: 'CPT',
  VOICE_MAIL_NOTIFICATION: 'VMN',
  VOICE_MAIL_ALERT: 'VMA',
  WAP: 'WAP',
  USSD: 'USSD',
  /** Since 5.0. */
  CELL_BROADCAST: 'CBS',
  /** Since 5.0. */
  GENERIC_UDP_TRANSPORT: 'GUTS',
} as const

export type ServiceType = (typeof SERVICE_TYPE)[keyof typeof SERVICE_TYPE]

/** Bits 1-0 of esm_class (SMPP 3.4 §5.2.12). They have a meaning only in a PDU from an ESME. */
export const MESSAGING_MODE = {
  DEFAULT: 0x00,
  DATAGRAM: 0x01,
  FORWARD: 0x02,
  STORE_AND_FORWARD: 0x03,
} as const

export type MessagingMode = (typeof MESSAGING_MODE)[keyof typeof MESSAGING_MODE]

/** The bits of esm_class that hold a MESSAGING_MODE. */
export const MESSAGING_MODE_MASK = 0x03

/**
 * Bits 5-2 of esm_class (SMPP 3.4 §5.2.12). Apply the mask first, because other bits may also be
 * set.
 */
export const MESSAGE_TYPE = {
  NORMAL: 0x00,
  DELIVERY_RECEIPT: 0x04,
  DELIVERY_ACKNOWLEDGEMENT: 0x08,
  USER_ACKNOWLEDGEMENT: 0x10,
  CONVERSATION_ABORT: 0x18,
  INTERMEDIATE_NOTIFICATION: 0x20,
} as const

export type MessageType = (typeof MESSAGE_TYPE)[keyof typeof MESSAGE_TYPE]

/** The bits of esm_class that hold a MESSAGE_TYPE. */
export const MESSAGE_TYPE_MASK = 0x3c

/** Bits 7-6 of esm_class (SMPP 3.4 §5.2.12); both may be set. */
export const MESSAGE_FEATURE = {
  USER_DATA_HEADER: 0x40,
  REPLY_PATH: 0x80,
} as const

export type MessageFeature = (typeof MESSAGE_FEATURE)[keyof typeof MESSAGE_FEATURE]

/** Bits 1-0 of registered_delivery (SMPP 3.4 §5.2.17): the receipts that the sender wants. */
export const RECEIPT_REQUEST = {
  NONE: 0x00,
  SUCCESS_OR_FAILURE: 0x01,
  FAILURE: 0x02,
  /** Since 5.0. Reserved in 3.4. */
  SUCCESS: 0x03,
} as const

export type ReceiptRequest = (typeof RECEIPT_REQUEST)[keyof typeof RECEIPT_REQUEST]

/** The other bits of registered_delivery. Combine them with a RECEIPT_REQUEST. */
export const REGISTERED_DELIVERY = {
  DELIVERY_ACKNOWLEDGEMENT: 0x04,
  USER_ACKNOWLEDGEMENT: 0x08,
  INTERMEDIATE_NOTIFICATION: 0x10,
} as const

export type RegisteredDelivery = (typeof REGISTERED_DELIVERY)[keyof typeof REGISTERED_DELIVERY]

/** The bits of registered_delivery that hold a RECEIPT_REQUEST. */
export const RECEIPT_REQUEST_MASK = 0x03

/** priority_flag (SMPP 3.4 §5.2.14) with the names of IS-95. On GSM, 1 to 3 all mean priority. */
export const PRIORITY_FLAG = {
  NORMAL: 0,
  INTERACTIVE: 1,
  URGENT: 2,
  EMERGENCY: 3,
} as const

export type PriorityFlag = (typeof PRIORITY_FLAG)[keyof typeof PRIORITY_FLAG]

/** payload_type (SMPP 3.4 §5.3.2.10). */
export const PAYLOAD_TYPE = {
  DEFAULT: 0,
  WCMP: 1,
} as const

export type PayloadType = (typeof PAYLOAD_TYPE)[keyof typeof PAYLOAD_TYPE]
