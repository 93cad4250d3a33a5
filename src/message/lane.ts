/** The lanes of a connector, most urgent first. */
export const LANES = ['high', 'normal', 'bulk'] as const

/** The urgency of a message. Each lane of a connector has its own queue. */
export type Lane = (typeof LANES)[number]
