import { ESME_ROK } from '../wire/commandStatus.ts'
import { PDUS, type RequestCommand } from '../wire/pduTable.ts'
import type { RequestHandlers, SessionEvents } from '../session/sessionSettings.ts'
import type { Session } from '../session/session.ts'

const OF_THE_SESSION = /^bind_|^unbind$|^enquire_link$/

export const REQUESTS = Object.keys(PDUS).filter(
  (name): name is RequestCommand => `${name}_resp` in PDUS && !OF_THE_SESSION.test(name),
)

interface Answerable {
  readonly command: RequestCommand
  readonly sequence_number: number
}

/** Handlers for every kind of request. */
export function handlersOfAll(handle: (session: Session, pdu: Answerable) => void) {
  // Each command has the same handler, whose type fits all of them.
  return Object.fromEntries(REQUESTS.map((command) => [command, handle])) as RequestHandlers
}

/** An owner that accepts every bind and answers every request with ESME_ROK. */
export const agreeable: SessionEvents = {
  onBind: (session, pdu) => session.acceptBind(pdu),
  requests: handlersOfAll((session, pdu) => session.respond(pdu, ESME_ROK)),
}
