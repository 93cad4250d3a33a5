/** source_bearer_type and dest_bearer_type (SMPP 3.4 §5.3.2.5). */
export const BEARER_TYPE = {
  UNKNOWN: 0,
  SMS: 1,
  CSD: 2,
  PACKET: 3,
  USSD: 4,
  CDPD: 5,
  DATATAC: 6,
  FLEX: 7,
  CELL_BROADCAST: 8,
} as const

export type BearerType = (typeof BEARER_TYPE)[keyof typeof BEARER_TYPE]
