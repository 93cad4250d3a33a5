/** source_addr_subunit and dest_addr_subunit (SMPP 3.4 §5.3.2.1). */
export const ADDR_SUBUNIT = {
  UNKNOWN: 0,
  /** Shown at once: flash. */
  MS_DISPLAY: 1,
  MOBILE_EQUIPMENT: 2,
  SMART_CARD: 3,
  EXTERNAL_UNIT: 4,
} as const

export type AddrSubunit = (typeof ADDR_SUBUNIT)[keyof typeof ADDR_SUBUNIT]
