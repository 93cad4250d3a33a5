/** dest_flag of a destination in submit_multi (SMPP 3.4 §5.2.25). */
export const DEST_FLAG = { SME_ADDRESS: 1, DISTRIBUTION_LIST: 2 } as const

export type DestFlag = (typeof DEST_FLAG)[keyof typeof DEST_FLAG]
