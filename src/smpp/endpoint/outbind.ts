import { openSocket, SOCKET_CHECKS, type OpenSocketOptions } from '../transport/openSocket.ts'
import { secret, text, type Options } from '../wire/optionCheck.ts'
import { Session } from '../session/session.ts'
import type { SessionSettings } from '../session/sessionSettings.ts'
import { abortedError, SmppConnectError } from '../transport/smppConnectError.ts'

/** The address of an ESME, and the credentials that we send to it (SMPP 3.4 §4.1.7.1). */
export interface OutbindOptions extends OpenSocketOptions {
  /** At most 15 characters. */
  readonly system_id: string
  /** At most 64 characters. The specification allows 8. */
  readonly password: string
  /**
   * Aborts the outbind and closes the connection. The signal has no effect once the session is
   * bound.
   */
  readonly signal?: AbortSignal
}

export const OUTBIND_OPTIONS: Options<OutbindOptions> = {
  checks: { ...SOCKET_CHECKS, system_id: text, password: secret },
  needed: ['host', 'port', 'system_id', 'password'],
}

/**
 * Connects, sends outbind and waits for the bind. `onSession` is called before outbind is sent.
 */
export async function outbind(
  options: OutbindOptions,
  settings: SessionSettings,
  onSession: (session: Session) => void,
): Promise<Session> {
  const { system_id, password, signal } = options
  const where = `${options.host}:${options.port}`
  const socket = await openSocket(options)
  const { events } = settings
  return new Promise((resolve, reject) => {
    const session = new Session(socket, {
      ...settings,
      onBound: resolve,
      events: {
        ...events,
        onClosed(closed, reason) {
          const message = `${where} did not bind after outbind: ${reason}`
          // If the session was bound, the promise has already resolved and reject has no effect.
          reject(new SmppConnectError('CLOSED', message))
          signal?.removeEventListener('abort', onAbort)
          events.onClosed?.(closed, reason)
        },
      },
    })
    function onAbort(): void {
      if (session.bind) return
      reject(abortedError(where))
      session.close('aborted by the caller')
    }
    onSession(session)
    // If onSession has closed the session, onClosed rejects the promise.
    if (session.state === 'CLOSED') return
    signal?.addEventListener('abort', onAbort)
    try {
      if (!session.notify('outbind', { system_id, password }))
        throw new SmppConnectError('CLOSED', 'outbind requires version 3.4 or later')
    } catch (error) {
      // The credentials do not fit, or our version has no outbind. Nothing was sent.
      reject(error)
      session.close('the outbind request cannot be encoded')
    }
  })
}
