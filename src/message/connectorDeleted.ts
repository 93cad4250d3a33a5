/** The reason of a message that waited for a connector which no longer exists. */
export const CONNECTOR_DELETED = 'its connector was deleted'
