/** addr_npi and its kin (SMPP 3.4 §5.2.6). */
export const NUMBERING_PLAN = {
  UNKNOWN: 0,
  E164: 1,
  X121: 3,
  F69: 4,
  E212: 6,
  NATIONAL: 8,
  PRIVATE: 9,
  ERMES: 10,
  IP: 14,
  WAP_CLIENT_ID: 18,
} as const

export type NumberingPlan = (typeof NUMBERING_PLAN)[keyof typeof NUMBERING_PLAN]
