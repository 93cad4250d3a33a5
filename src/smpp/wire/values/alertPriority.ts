/** alert_on_message_delivery with a value (SMPP 5.0 §4.8.4); in 3.4 it has none. */
export const ALERT_PRIORITY = {
  DEFAULT: 0,
  LOW: 1,
  MEDIUM: 2,
  HIGH: 3,
} as const

export type AlertPriority = (typeof ALERT_PRIORITY)[keyof typeof ALERT_PRIORITY]
