/** The lanes of a connector, the most urgent first. */
export const LANES = ['high', 'normal', 'bulk'] as const

/** What a message waits in on its way to a connector. */
export type Lane = (typeof LANES)[number]
