/** its_reply_type (SMPP 3.4 §5.3.2.42). */
export const ITS_REPLY_TYPE = {
  DIGIT: 0,
  NUMBER: 1,
  TELEPHONE_NUMBER: 2,
  PASSWORD: 3,
  CHARACTER_LINE: 4,
  MENU: 5,
  DATE: 6,
  TIME: 7,
  CONTINUE: 8,
} as const

export type ItsReplyType = (typeof ITS_REPLY_TYPE)[keyof typeof ITS_REPLY_TYPE]
