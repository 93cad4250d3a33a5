/** Bits 5-2 of esm_class (SMPP 3.4 §5.2.12). Compare after the mask: other bits may be set. */
export const MESSAGE_TYPE = {
  NORMAL: 0x00,
  DELIVERY_RECEIPT: 0x04,
  DELIVERY_ACKNOWLEDGEMENT: 0x08,
  USER_ACKNOWLEDGEMENT: 0x10,
  CONVERSATION_ABORT: 0x18,
  INTERMEDIATE_NOTIFICATION: 0x20,
} as const

export type MessageType = (typeof MESSAGE_TYPE)[keyof typeof MESSAGE_TYPE]

/** The bits of esm_class that MESSAGE_TYPE is about. */
export const MESSAGE_TYPE_MASK = 0x3c
