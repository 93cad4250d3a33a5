/** The user of the demo account. */
export const DEMO_SYSTEM_ID = 'demo'

/** Our name at the simulated SMSC. */
export const SMSC_SYSTEM_ID = 'signalbox'
