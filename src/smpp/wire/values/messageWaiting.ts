/** Bits 1-0 of ms_msg_wait_facilities (SMPP 3.4 §5.3.2.13). */
export const MESSAGE_WAITING = {
  VOICEMAIL: 0,
  FAX: 1,
  ELECTRONIC_MAIL: 2,
  OTHER: 3,
} as const

export type MessageWaiting = (typeof MESSAGE_WAITING)[keyof typeof MESSAGE_WAITING]

/** Set in ms_msg_wait_facilities: messages wait. Not set: none does any more. */
export const MESSAGE_WAITING_ACTIVE = 0x80
