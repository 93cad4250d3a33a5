import { handlersOfAll } from '../../src/smpp/testing/agreeable.fixture.ts'
import {
  createSmppServer,
  ESME_ROK,
  type BindCommand,
  type Pdu,
  type PduBodies,
  type RequestCommand,
  type ResponseTo,
  type Session,
  type SmppServer,
} from '../../src/smpp/index.ts'
import { Inbox } from '../../src/smpp/testing/servedPeer.fixture.ts'

/** What the response to each kind of request has in it (nothing by default), or refuses with. */
export type Answers = {
  readonly [C in RequestCommand]?: (
    session: Session,
    pdu: Pdu<C>,
  ) => Partial<PduBodies[ResponseTo<C>]> | { readonly command_status: number }
}

export interface RecordingServer {
  readonly server: SmppServer
  readonly port: number
  readonly binds: Inbox<{ readonly session: Session; readonly pdu: Pdu<BindCommand> }>
  /** In the order of the wire. */
  readonly requests: Inbox<Pdu>
  readonly closed: Inbox<string>
  stop(): Promise<void>
}

export const TIMERS = {
  sessionInitTimeoutMs: 10_000,
  enquireLinkIntervalMs: 30_000,
  responseTimeoutMs: 10_000,
  inactivityTimeoutMs: 0,
}

/** A server of ours that lets everybody in, says yes and remembers. */
export async function recordingServer(answers: Answers = {}): Promise<RecordingServer> {
  const binds: RecordingServer['binds'] = new Inbox()
  const requests = new Inbox<Pdu>()
  const closed = new Inbox<string>()
  const server = createSmppServer({
    events: {
      onBind(session, pdu) {
        session.acceptBind(pdu)
        binds.push({ session, pdu })
      },
      requests: handlersOfAll((session, pdu) => {
        // Each answer takes PDUs of the command under which it was found.
        const answer = answers[pdu.command] as Answer | undefined
        // Handlers get whole PDUs; handlersOfAll asks for less.
        requests.push(pdu as Pdu)
        const said = answer?.(session, pdu as Pdu) ?? {}
        if ('command_status' in said) session.respond(pdu, said.command_status)
        else session.respond(pdu, ESME_ROK, said)
      }),
      onClosed: (_, reason) => closed.push(reason),
    },
    timers: TIMERS,
    windowSize: 10,
    maxSessions: 10,
    systemId: 'Signalbox',
  })
  const { port } = await server.listen(0, '127.0.0.1')
  return { server, port, binds, requests, closed, stop: () => server.close() }
}

type Answer = (
  session: Session,
  pdu: Pdu,
) => Partial<PduBodies[ResponseTo<RequestCommand>]> | { readonly command_status: number }
