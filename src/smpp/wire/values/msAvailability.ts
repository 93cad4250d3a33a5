/** ms_availability_status of alert_notification (SMPP 3.4 §5.3.2.30). */
export const MS_AVAILABILITY = {
  AVAILABLE: 0,
  DENIED: 1,
  UNAVAILABLE: 2,
} as const

export type MsAvailability = (typeof MS_AVAILABILITY)[keyof typeof MS_AVAILABILITY]
