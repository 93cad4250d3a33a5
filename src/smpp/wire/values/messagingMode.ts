/** Bits 1-0 of esm_class (SMPP 3.4 §5.2.12), to a message centre; from one they mean nothing. */
export const MESSAGING_MODE = {
  DEFAULT: 0x00,
  DATAGRAM: 0x01,
  FORWARD: 0x02,
  STORE_AND_FORWARD: 0x03,
} as const

export type MessagingMode = (typeof MESSAGING_MODE)[keyof typeof MESSAGING_MODE]

/** The bits of esm_class that MESSAGING_MODE is about. */
export const MESSAGING_MODE_MASK = 0x03
