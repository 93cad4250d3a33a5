/** broadcast_message_class (SMPP 5.0 §4.8.4, which prints 2 for two of them). */
export const BROADCAST_MESSAGE_CLASS = {
  NONE: 0,
  CLASS_1: 1,
  CLASS_2: 2,
  /** To terminal equipment. */
  CLASS_3: 3,
} as const

export type BroadcastMessageClass =
  (typeof BROADCAST_MESSAGE_CLASS)[keyof typeof BROADCAST_MESSAGE_CLASS]
