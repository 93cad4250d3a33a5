import type { Pdu, PduBodies, RequestCommand, Session } from '../../src/smpp/index.ts'

/** Sends a request of ours and resolves to what the peer answered. */
export function ask<C extends RequestCommand>(
  session: Session,
  command: C,
  fields: Partial<PduBodies[C]>,
): Promise<Pdu> {
  return new Promise((resolve, reject) => {
    const sequence = session.request(command, fields, (outcome) => {
      // TypeScript does not see that the response to an open C is a Pdu.
      if (outcome.kind === 'response') resolve(outcome.pdu as Pdu)
      else reject(new Error(`${command} was not answered: ${outcome.kind}`))
    })
    if (sequence === undefined) reject(new Error(`${command} cannot be sent: ${session.state}`))
  })
}
