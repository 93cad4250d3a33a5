/** The lanes of a connector, the most urgent first. */
export const LANES = ['high', 'normal', 'bulk'] as const

/** The queue in which a message waits for its connector, by urgency. */
export type Lane = (typeof LANES)[number]
