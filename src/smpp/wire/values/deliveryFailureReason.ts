/** delivery_failure_reason (SMPP 3.4 §5.3.2.33). */
export const DELIVERY_FAILURE_REASON = {
  DESTINATION_UNAVAILABLE: 0,
  DESTINATION_INVALID: 1,
  PERMANENT_NETWORK_ERROR: 2,
  TEMPORARY_NETWORK_ERROR: 3,
} as const

export type DeliveryFailureReason =
  (typeof DELIVERY_FAILURE_REASON)[keyof typeof DELIVERY_FAILURE_REASON]
