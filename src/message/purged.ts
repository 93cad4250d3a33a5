/** The reason of a message that an operator gave up, as rows and events keep it. */
export const PURGED = 'purged by the operator'
