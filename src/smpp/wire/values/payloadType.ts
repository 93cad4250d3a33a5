/** payload_type (SMPP 3.4 §5.3.2.10). */
export const PAYLOAD_TYPE = {
  DEFAULT: 0,
  WCMP: 1,
} as const

export type PayloadType = (typeof PAYLOAD_TYPE)[keyof typeof PAYLOAD_TYPE]
