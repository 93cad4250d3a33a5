/** broadcast_channel_indicator (SMPP 5.0 §4.8.4). */
export const BROADCAST_CHANNEL = {
  BASIC: 0,
  EXTENDED: 1,
} as const

export type BroadcastChannel = (typeof BROADCAST_CHANNEL)[keyof typeof BROADCAST_CHANNEL]
