/** language_indicator (SMPP 3.4 §5.3.2.19). */
export const LANGUAGE_INDICATOR = {
  UNSPECIFIED: 0,
  ENGLISH: 1,
  FRENCH: 2,
  SPANISH: 3,
  GERMAN: 4,
  PORTUGUESE: 5,
} as const

export type LanguageIndicator = (typeof LANGUAGE_INDICATOR)[keyof typeof LANGUAGE_INDICATOR]
