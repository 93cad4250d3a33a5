/** Bits 7-6 of esm_class (SMPP 3.4 §5.2.12); both may be set. */
export const MESSAGE_FEATURE = {
  USER_DATA_HEADER: 0x40,
  REPLY_PATH: 0x80,
} as const

export type MessageFeature = (typeof MESSAGE_FEATURE)[keyof typeof MESSAGE_FEATURE]
