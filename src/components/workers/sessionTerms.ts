import type { Connector } from '../../platform/connector.ts'
import type { SessionAdjustment } from '../../smpp/index.ts'

/**
 * The settings of a connector that its sessions were bound with. Only a new session can follow a
 * change of one of these; all others apply to open sessions.
 */
export function sessionTerms(connector: Connector): string {
  const { host, port, systemId, password, systemType } = connector
  return JSON.stringify([host, port, systemId, password, systemType])
}

/** The settings that a session takes over while it is open. */
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
