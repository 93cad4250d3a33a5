/** dest_addr_np_resolution (SMPP 5.0 §4.8.4). */
export const NUMBER_PORTABILITY = {
  NOT_QUERIED: 0,
  NOT_PORTED: 1,
  PORTED: 2,
} as const

export type NumberPortability = (typeof NUMBER_PORTABILITY)[keyof typeof NUMBER_PORTABILITY]
