/** The system_id of the demo customer. */
export const DEMO_SYSTEM_ID = 'demo'

/** The system_id with which the platform binds to the simulated SMSC. */
export const SMSC_SYSTEM_ID = 'signalbox'
