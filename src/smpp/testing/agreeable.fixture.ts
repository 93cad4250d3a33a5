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

/** Returns handlers that pass every kind of request to `handle`. */
export function handlersOfAll(handle: (session: Session, pdu: Answerable) => void) {
  // The type of `handle` fits every command.
  return Object.fromEntries(REQUESTS.map((command) => [command, handle])) as RequestHandlers
}

/** Event handlers that accept every bind and answer every request with ESME_ROK. */
export const agreeable: SessionEvents = {
  onBind: (session, pdu) => session.acceptBind(pdu),
  requests: handlersOfAll((session, pdu) => session.respond(pdu, ESME_ROK)),
}
