import { connectSmpp, type ConnectSmppOptions } from '../endpoint/connectSmpp.ts'
import { INTERFACE_VERSION } from '../wire/interfaceVersion.ts'
import type { Pdu } from '../wire/pduTable.ts'
import { Inbox, TIMERS } from './servedPeer.fixture.ts'
import type { Session } from '../session/session.ts'
import { createSmppServer, type SmppServerOptions } from '../endpoint/smppServer.ts'

interface Submit {
  readonly session: Session
  readonly pdu: Pdu<'submit_sm'>
}

export interface SessionPair {
  readonly esme: Session
  readonly centre: Session
  /** The submits that reached the centre. The test must answer them. */
  readonly submits: Inbox<Submit>
  stop(): Promise<void>
}

/** Two sessions that are bound to each other over TCP, in version 5.0. Both have a window of 2. */
export async function sessionPair(
  ofEsme: Partial<ConnectSmppOptions> = {},
  ofCentre: Partial<SmppServerOptions> = {},
): Promise<SessionPair> {
  const submits = new Inbox<Submit>()
  const bound = new Inbox<Session>()
  const server = createSmppServer({
    timers: TIMERS,
    windowSize: 2,
    maxSessions: 1,
    systemId: 'MC',
    ...ofCentre,
    events: {
      onBind(session, pdu) {
        session.acceptBind(pdu)
        bound.push(session)
      },
      requests: { submit_sm: (session, pdu) => submits.push({ session, pdu }) },
      ...ofCentre.events,
    },
  })
  const { port } = await server.listen(0, '127.0.0.1')
  const esme = await connectSmpp({
    host: '127.0.0.1',
    port,
    command: 'bind_transceiver',
    system_id: 'esme1',
    password: 'secret',
    interface_version: INTERFACE_VERSION.V5_0,
    timers: TIMERS,
    windowSize: 2,
    events: {},
    ...ofEsme,
  })
  const centre = await bound.next()
  return {
    esme,
    centre,
    submits,
    async stop() {
      esme.close('the test is over')
      await server.close()
    },
  }
}
