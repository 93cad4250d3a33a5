import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { SessionLimits } from './defaultLimits.ts'
import { INTERFACE_VERSION, type InterfaceVersion } from './interfaceVersion.ts'
import { Session } from './session.ts'
import type { SessionEvents, SessionSettings, SessionTimers } from './sessionTypes.ts'

/** Above the largest legal PDU: a message_payload of 65,535 octets. */
export const MAX_PDU_OCTETS = 70_000

export interface SmppServerOptions {
  readonly events: SessionEvents
  readonly timers: SessionTimers
  /** Our own unanswered requests per session. */
  readonly windowSize: number
  /** A connection above this is closed without a word. */
  readonly maxSessions: number
  /** Put into bind_resp. */
  readonly systemId: string
  readonly maxPduOctets?: number
  /** What one session holds at most; missing ones as in DEFAULT_LIMITS. */
  readonly limits?: Partial<SessionLimits>
  /** Lets each window follow the peer's congestion_state, up to windowSize. Default false. */
  readonly followCongestion?: boolean
  /** The highest version we speak, put into bind_resp. Default 5.0. */
  readonly interfaceVersion?: InterfaceVersion
}

export interface SmppServer {
  readonly sessions: ReadonlySet<Session>
  /** Rejects with the error of `net` (code EADDRINUSE, EACCES, …). Port 0: any free one. */
  listen(port: number, host: string): Promise<{ port: number }>
  /** Takes no new connections; sessions go on. */
  stopAccepting(): void
  /** Takes no new connections, unbinds all sessions (bounded by their response timer). */
  close(): Promise<void>
}

export function createSmppServer(options: SmppServerOptions): SmppServer {
  const { events, timers, windowSize, maxSessions, systemId } = options
  const sessions = new Set<Session>()
  const interfaceVersion = options.interfaceVersion ?? INTERFACE_VERSION.V5_0
  const settings: SessionSettings = {
    side: 'mc',
    interfaceVersion,
    versionWhenUntold: interfaceVersion,
    timers,
    windowSize,
    systemId,
    maxPduOctets: options.maxPduOctets ?? MAX_PDU_OCTETS,
    limits: options.limits ?? {},
    followCongestion: options.followCongestion ?? false,
    events: {
      ...events,
      onClosed(session, reason) {
        sessions.delete(session)
        events.onClosed?.(session, reason)
      },
    },
  }
  const server = createServer({ allowHalfOpen: true }, (socket) => accept(socket))

  function accept(socket: Socket): void {
    if (sessions.size >= maxSessions) {
      socket.on('error', () => undefined)
      socket.destroy()
      return
    }
    sessions.add(new Session(socket, settings))
  }

  function stopAccepting(): void {
    if (server.listening) server.close()
  }

  return {
    sessions,
    stopAccepting,
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject)
          // Out of file descriptors: that connection is lost, the server goes on.
          server.on('error', () => undefined)
          // It listens on TCP, so the address is no pipe's string.
          resolve({ port: (server.address() as AddressInfo).port })
        })
      }),
    async close() {
      stopAccepting()
      await Promise.all([...sessions].map((session) => session.unbind()))
    },
  }
}
