/** display_time (SMPP 3.4 §5.3.2.26). */
export const DISPLAY_TIME = {
  TEMPORARY: 0,
  DEFAULT: 1,
  INVOKE: 2,
} as const

export type DisplayTime = (typeof DISPLAY_TIME)[keyof typeof DISPLAY_TIME]
