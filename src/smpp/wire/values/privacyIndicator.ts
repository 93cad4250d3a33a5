/** privacy_indicator (SMPP 3.4 §5.3.2.14). */
export const PRIVACY_INDICATOR = {
  NOT_RESTRICTED: 0,
  RESTRICTED: 1,
  CONFIDENTIAL: 2,
  SECRET: 3,
} as const

export type PrivacyIndicator = (typeof PRIVACY_INDICATOR)[keyof typeof PRIVACY_INDICATOR]
