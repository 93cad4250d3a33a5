/** The reason stored in rows and events for a message that an operator purged. */
export const PURGED = 'purged by the operator'
