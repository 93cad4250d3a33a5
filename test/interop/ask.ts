import type { Pdu, PduBodies, RequestCommand, Session } from '../../src/smpp/index.ts'

/** Sends a request and resolves to the answer of the peer. Rejects if there is no answer. */
export function ask<C extends RequestCommand>(
  session: Session,
  command: C,
  fields: Partial<PduBodies[C]>,
): Promise<Pdu> {
  return new Promise((resolve, reject) => {
    const sequence = session.request(command, fields, (outcome) => {
      // The response to a command is always a Pdu, but TypeScript cannot infer that for the type
      // parameter C.
      if (outcome.kind === 'response') resolve(outcome.pdu as Pdu)
      else reject(new Error(`${command} was not answered: ${outcome.kind}`))
    })
    if (sequence === undefined) reject(new Error(`${command} cannot be sent: ${session.state}`))
  })
}
