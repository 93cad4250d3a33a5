/** addr_ton and the other fields for a type of number (SMPP 3.4 §5.2.5). */
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

/** addr_npi and the other fields for a numbering plan (SMPP 3.4 §5.2.6). */
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

/** source_addr_subunit and dest_addr_subunit (SMPP 3.4 §5.3.2.1). */
export const ADDR_SUBUNIT = {
  UNKNOWN: 0,
  /** The message is shown immediately (a flash message). */
  MS_DISPLAY: 1,
  MOBILE_EQUIPMENT: 2,
  SMART_CARD: 3,
  EXTERNAL_UNIT: 4,
} as const

export type AddrSubunit = (typeof ADDR_SUBUNIT)[keyof typeof ADDR_SUBUNIT]

/** The first octet of source_subaddress and dest_subaddress (SMPP 3.4 §5.3.2.15). */
export const SUBADDRESS_TYPE = {
  NSAP_EVEN: 0x80,
  NSAP_ODD: 0x88,
  USER_SPECIFIED: 0xa0,
} as const

export type SubaddressType = (typeof SUBADDRESS_TYPE)[keyof typeof SUBADDRESS_TYPE]

/** dest_flag of a destination in submit_multi (SMPP 3.4 §5.2.25). */
export const DEST_FLAG = { SME_ADDRESS: 1, DISTRIBUTION_LIST: 2 } as const

export type DestFlag = (typeof DEST_FLAG)[keyof typeof DEST_FLAG]

/** dest_addr_np_resolution (SMPP 5.0 §4.8.4): whether the number was ported. */
export const NUMBER_PORTABILITY = {
  NOT_QUERIED: 0,
  NOT_PORTED: 1,
  PORTED: 2,
} as const

export type NumberPortability = (typeof NUMBER_PORTABILITY)[keyof typeof NUMBER_PORTABILITY]
