import type { Connector } from '../../platform/connector.ts'
import type { SessionAdjustment } from '../../smpp/index.ts'

/**
 * The settings of a connector that a session is bound with. A change of one of these needs a new
 * session. All other settings apply to open sessions.
 */
export function sessionTerms(connector: Connector): string {
  const { host, port, systemId, password, systemType } = connector
  return JSON.stringify([host, port, systemId, password, systemType])
}

/** The settings that can be changed while a session is open. */
export function sessionAdjustment(connector: Connector): Required<SessionAdjustment> {
  const { window, responseTimeoutMs, enquireLinkIntervalMs } = connector
  return {
    windowSize: window,
    timers: {
      sessionInitTimeoutMs: responseTimeoutMs,
      enquireLinkIntervalMs,
      responseTimeoutMs,
      inactivityTimeoutMs: 0,
    },
  }
}
