import { onTestFinished } from 'vitest'
import { createSmppServer, ESME_ROK } from '../../smpp/index.ts'
import type { InterfaceVersion, RequestHandlers, Session } from '../../smpp/index.ts'

/**
 * Starts an SMSC that accepts every bind and reports `interfaceVersion` in its bind responses. The
 * SMSC is closed when the test ends.
 */
export async function startSmsc(
  submit_sm: RequestHandlers['submit_sm'] = () => undefined,
  interfaceVersion?: InterfaceVersion,
) {
  const sessions = new Set<Session>()
  const server = createSmppServer({
    events: {
      onBind: (session, pdu) => {
        sessions.add(session)
        session.acceptBind(pdu, 'smsc', interfaceVersion)
      },
      requests: { submit_sm },
      onClosed: (session) => void sessions.delete(session),
    },
    timers: {
      sessionInitTimeoutMs: 5000,
      enquireLinkIntervalMs: 0,
      responseTimeoutMs: 5000,
      inactivityTimeoutMs: 0,
    },
    windowSize: 10,
    maxSessions: 10,
    systemId: 'smsc',
  })
  const { port } = await server.listen(0, '127.0.0.1')
  onTestFinished(() => server.close())
  return { port, sessions }
}

/** An SMSC that accepts every message and answers it `answerMs` after its arrival. */
export async function slowSmsc(answerMs: number) {
  const taken: string[] = []
  const timers = new Set<NodeJS.Timeout>()
  const { port, sessions } = await startSmsc((session, pdu) => {
    taken.push(pdu.destination_addr)
    const message_id = String(taken.length)
    const timer = setTimeout(() => {
      timers.delete(timer)
      if (sessions.has(session)) session.respond(pdu, ESME_ROK, { message_id })
    }, answerMs)
    timers.add(timer)
  })
  onTestFinished(() => {
    for (const timer of timers) clearTimeout(timer)
  })
  return { port, taken }
}
