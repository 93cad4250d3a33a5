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

/**
 * Functions that return the fields of a response, or the command_status of a refusal. By default a
 * request is accepted and its response has default fields.
 */
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
  /** All requests, in order of arrival. */
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

/**
 * Starts our server. It accepts every bind and request unless `answers` says otherwise, and records
 * them.
 */
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
        // Each function in `answers` accepts PDUs of the command that is its key.
        const answer = answers[pdu.command] as Answer | undefined
        // Handlers receive whole PDUs, although the type in handlersOfAll has fewer fields.
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
