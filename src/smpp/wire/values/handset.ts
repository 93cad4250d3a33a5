/** ms_availability_status of alert_notification (SMPP 3.4 §5.3.2.30). */
export const MS_AVAILABILITY = {
  AVAILABLE: 0,
  DENIED: 1,
  UNAVAILABLE: 2,
} as const

export type MsAvailability = (typeof MS_AVAILABILITY)[keyof typeof MS_AVAILABILITY]

/** The first octet of ms_validity (SMPP 3.4 §5.3.2.27). */
export const MS_VALIDITY = {
  STORE_INDEFINITELY: 0,
  POWER_DOWN: 1,
  REGISTRATION_AREA_CHANGES: 2,
  DISPLAY_ONLY: 3,
  /** Since 5.0. A unit and a count of two octets follow. */
  RELATIVE_TIME: 4,
} as const

export type MsValidity = (typeof MS_VALIDITY)[keyof typeof MS_VALIDITY]

/** display_time (SMPP 3.4 §5.3.2.26). */
export const DISPLAY_TIME = {
  TEMPORARY: 0,
  DEFAULT: 1,
  INVOKE: 2,
} as const

export type DisplayTime = (typeof DISPLAY_TIME)[keyof typeof DISPLAY_TIME]

/** alert_on_message_delivery (SMPP 5.0 §4.8.4). In 3.4 this TLV has no value. */
export const ALERT_PRIORITY = {
  DEFAULT: 0,
  LOW: 1,
  MEDIUM: 2,
  HIGH: 3,
} as const

export type AlertPriority = (typeof ALERT_PRIORITY)[keyof typeof ALERT_PRIORITY]

/** privacy_indicator (SMPP 3.4 §5.3.2.14). */
export const PRIVACY_INDICATOR = {
  NOT_RESTRICTED: 0,
  RESTRICTED: 1,
  CONFIDENTIAL: 2,
  SECRET: 3,
} as const

export type PrivacyIndicator = (typeof PRIVACY_INDICATOR)[keyof typeof PRIVACY_INDICATOR]

/** language_indicator (SMPP 3.4 §5.3.2.19). */
export const LANGUAGE_INDICATOR = {
  UNSPECIFIED: 0,
  ENGLISH: 1,
  FRENCH: 2,
  SPANISH: 3,
  GERMAN: 4,
  PORTUGUESE: 5,
} as const

export type LanguageIndicator = (typeof LANGUAGE_INDICATOR)[keyof typeof LANGUAGE_INDICATOR]

/** Bits 3-2 of callback_num_pres_ind (SMPP 3.4 §5.3.2.37). */
export const CALLBACK_PRESENTATION = {
  ALLOWED: 0x00,
  RESTRICTED: 0x04,
  NOT_AVAILABLE: 0x08,
} as const

export type CallbackPresentation =
  (typeof CALLBACK_PRESENTATION)[keyof typeof CALLBACK_PRESENTATION]

/** Bits 1-0 of callback_num_pres_ind. */
export const CALLBACK_SCREENING = {
  NOT_SCREENED: 0x00,
  VERIFIED_AND_PASSED: 0x01,
  VERIFIED_AND_FAILED: 0x02,
  NETWORK_PROVIDED: 0x03,
} as const

export type CallbackScreening = (typeof CALLBACK_SCREENING)[keyof typeof CALLBACK_SCREENING]

/** Bits 1-0 of ms_msg_wait_facilities (SMPP 3.4 §5.3.2.13). */
export const MESSAGE_WAITING = {
  VOICEMAIL: 0,
  FAX: 1,
  ELECTRONIC_MAIL: 2,
  OTHER: 3,
} as const

export type MessageWaiting = (typeof MESSAGE_WAITING)[keyof typeof MESSAGE_WAITING]

/** The bit of ms_msg_wait_facilities that says whether messages are waiting. */
export const MESSAGE_WAITING_ACTIVE = 0x80

/** ussd_service_op (SMPP 3.4 §5.3.2.44). Vendors define the values from 32. */
export const USSD_SERVICE_OP = {
  PSSD_INDICATION: 0,
  PSSR_INDICATION: 1,
  USSR_REQUEST: 2,
  USSN_REQUEST: 3,
  PSSD_RESPONSE: 16,
  PSSR_RESPONSE: 17,
  USSR_CONFIRM: 18,
  USSN_CONFIRM: 19,
} as const

export type UssdServiceOp = (typeof USSD_SERVICE_OP)[keyof typeof USSD_SERVICE_OP]

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
