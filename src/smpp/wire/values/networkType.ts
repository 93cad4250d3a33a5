/** source_network_type and dest_network_type (SMPP 3.4 §5.3.2.3). */
export const NETWORK_TYPE = {
  UNKNOWN: 0,
  GSM: 1,
  TDMA: 2,
  CDMA: 3,
  PDC: 4,
  PHS: 5,
  IDEN: 6,
  AMPS: 7,
  PAGING: 8,
} as const

export type NetworkType = (typeof NETWORK_TYPE)[keyof typeof NETWORK_TYPE]
