/** Bits 3-2 of callback_num_pres_ind (SMPP 3.4 §5.3.2.37). */
export const CALLBACK_PRESENTATION = {
  ALLOWED: 0x00,
  RESTRICTED: 0x04,
  NOT_AVAILABLE: 0x08,
} as const

export type CallbackPresentation =
  (typeof CALLBACK_PRESENTATION)[keyof typeof CALLBACK_PRESENTATION]

/** Bits 1-0 of callback_num_pres_ind. */
export const CALLBACK_SCREENING = {
  NOT_SCREENED: 0x00,
  VERIFIED_AND_PASSED: 0x01,
  VERIFIED_AND_FAILED: 0x02,
  NETWORK_PROVIDED: 0x03,
} as const

export type CallbackScreening = (typeof CALLBACK_SCREENING)[keyof typeof CALLBACK_SCREENING]
