/** priority_flag (SMPP 3.4 §5.2.14) by the names of IS-95; on GSM 1-3 are all priority. */
export const PRIORITY_FLAG = {
  NORMAL: 0,
  INTERACTIVE: 1,
  URGENT: 2,
  EMERGENCY: 3,
} as const

export type PriorityFlag = (typeof PRIORITY_FLAG)[keyof typeof PRIORITY_FLAG]

/** priority_flag of broadcast_sm on GSM (SMPP 5.0 §4.7.19). */
export const BROADCAST_PRIORITY = {
  NORMAL: 0,
  IMMEDIATE: 1,
  HIGH: 2,
  BACKGROUND: 4,
} as const

export type BroadcastPriority = (typeof BROADCAST_PRIORITY)[keyof typeof BROADCAST_PRIORITY]
