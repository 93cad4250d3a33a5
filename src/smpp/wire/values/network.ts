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

/** delivery_failure_reason (SMPP 3.4 §5.3.2.33). */
export const DELIVERY_FAILURE_REASON = {
  DESTINATION_UNAVAILABLE: 0,
  DESTINATION_INVALID: 1,
  PERMANENT_NETWORK_ERROR: 2,
  TEMPORARY_NETWORK_ERROR: 3,
} as const

export type DeliveryFailureReason =
  (typeof DELIVERY_FAILURE_REASON)[keyof typeof DELIVERY_FAILURE_REASON]

/** The lower end of each range of congestion_state (SMPP 5.0 §4.8.4). A sender aims at OPTIMUM. */
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
