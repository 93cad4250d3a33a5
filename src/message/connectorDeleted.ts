/** The reason stored with a message that failed because its connector was deleted. */
export const CONNECTOR_DELETED = 'its connector was deleted'
