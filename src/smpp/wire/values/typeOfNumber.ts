/** addr_ton and its kin (SMPP 3.4 §5.2.5). */
export const TYPE_OF_NUMBER = {
  UNKNOWN: 0,
  INTERNATIONAL: 1,
  NATIONAL: 2,
  NETWORK_SPECIFIC: 3,
  SUBSCRIBER: 4,
  ALPHANUMERIC: 5,
  ABBREVIATED: 6,
} as const

export type TypeOfNumber = (typeof TYPE_OF_NUMBER)[keyof typeof TYPE_OF_NUMBER]
