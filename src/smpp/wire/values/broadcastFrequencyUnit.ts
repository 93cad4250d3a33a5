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
