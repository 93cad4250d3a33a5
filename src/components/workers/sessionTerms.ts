import type { Connector } from '../../platform/connector.ts'
import type { SessionAdjustment } from '../../smpp/index.ts'

/**
 * Returns the settings of a connector that are used to bind a session, as one text. If the text
 * changes, a new session is needed. All other settings can be applied to open sessions.
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
