/** Where a range of congestion_state begins (SMPP 5.0 §4.8.4); a sender aims at OPTIMUM. */
export const CONGESTION_STATE = {
  IDLE: 0,
  LOW: 1,
  MEDIUM: 30,
  HIGH: 50,
  OPTIMUM: 80,
  NEARING_CONGESTION: 90,
  CONGESTED: 100,
} as const

export type CongestionState = (typeof CONGESTION_STATE)[keyof typeof CONGESTION_STATE]
