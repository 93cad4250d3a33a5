/** The first octet of broadcast_content_type (SMPP 5.0 §4.8.4). */
export const BROADCAST_CONTENT_NETWORK = {
  GENERIC: 0,
  GSM: 1,
  TDMA: 2,
  CDMA: 3,
} as const

export type BroadcastContentNetwork =
  (typeof BROADCAST_CONTENT_NETWORK)[keyof typeof BROADCAST_CONTENT_NETWORK]
