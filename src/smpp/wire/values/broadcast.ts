/** broadcast_message_class (SMPP 5.0 §4.8.4, which prints the value 2 twice). */
export const BROADCAST_MESSAGE_CLASS = {
  NONE: 0,
  CLASS_1: 1,
  CLASS_2: 2,
  /** For terminal equipment. */
  CLASS_3: 3,
} as const

export type BroadcastMessageClass =
  (typeof BROADCAST_MESSAGE_CLASS)[keyof typeof BROADCAST_MESSAGE_CLASS]

/** priority_flag of broadcast_sm on GSM (SMPP 5.0 §4.7.19). */
export const BROADCAST_PRIORITY = {
  NORMAL: 0,
  IMMEDIATE: 1,
  HIGH: 2,
  BACKGROUND: 4,
} as const

export type BroadcastPriority = (typeof BROADCAST_PRIORITY)[keyof typeof BROADCAST_PRIORITY]

/** broadcast_channel_indicator (SMPP 5.0 §4.8.4). */
export const BROADCAST_CHANNEL = {
  BASIC: 0,
  EXTENDED: 1,
} as const

export type BroadcastChannel = (typeof BROADCAST_CHANNEL)[keyof typeof BROADCAST_CHANNEL]

/** The first octet of broadcast_area_identifier (SMPP 5.0 §4.8.4). */
export const BROADCAST_AREA_FORMAT = {
  NAME: 0,
  ELLIPSOID_ARC: 1,
  POLYGON: 2,
} as const

export type BroadcastAreaFormat = (typeof BROADCAST_AREA_FORMAT)[keyof typeof BROADCAST_AREA_FORMAT]

/** The first octet of broadcast_content_type (SMPP 5.0 §4.8.4). */
export const BROADCAST_CONTENT_NETWORK = {
  GENERIC: 0,
  GSM: 1,
  TDMA: 2,
  CDMA: 3,
} as const

export type BroadcastContentNetwork =
  (typeof BROADCAST_CONTENT_NETWORK)[keyof typeof BROADCAST_CONTENT_NETWORK]

/** The first octet of broadcast_frequency_interval (SMPP 5.0 §4.8.4). */
export const BROADCAST_FREQUENCY_UNIT = {
  AS_OFTEN_AS_POSSIBLE: 0x00,
  SECONDS: 0x08,
  MINUTES: 0x09,
  HOURS: 0x0a,
  DAYS: 0x0b,
  WEEKS: 0x0c,
  MONTHS: 0x0d,
  YEARS: 0x0e,
} as const

export type BroadcastFrequencyUnit =
  (typeof BROADCAST_FREQUENCY_UNIT)[keyof typeof BROADCAST_FREQUENCY_UNIT]
