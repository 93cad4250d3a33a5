/** The first octet of ms_validity (SMPP 3.4 §5.3.2.27). */
export const MS_VALIDITY = {
  STORE_INDEFINITELY: 0,
  POWER_DOWN: 1,
  REGISTRATION_AREA_CHANGES: 2,
  DISPLAY_ONLY: 3,
  /** Since 5.0; a unit and a count of two octets follow. */
  RELATIVE_TIME: 4,
} as const

export type MsValidity = (typeof MS_VALIDITY)[keyof typeof MS_VALIDITY]
