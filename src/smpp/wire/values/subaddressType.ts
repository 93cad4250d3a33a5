/** The first octet of source_subaddress and dest_subaddress (SMPP 3.4 §5.3.2.15). */
export const SUBADDRESS_TYPE = {
  NSAP_EVEN: 0x80,
  NSAP_ODD: 0x88,
  USER_SPECIFIED: 0xa0,
} as const

export type SubaddressType = (typeof SUBADDRESS_TYPE)[keyof typeof SUBADDRESS_TYPE]
