// Handles the requests of customers on the SMPP server of the gateway. It decides which users may
// bind, and it accepts messages (submit_sm). It answers a submit_sm with ESME_ROK only when the
// message is durable, not when it is merely received.

import {
  ESME_RALYBND,
  ESME_RBINDFAIL,
  ESME_ROK,
  ESME_RSYSERR,
  ESME_RTHROTTLED,
} from '../../smpp/index.ts'
import type { Pdu, Session, SessionEvents } from '../../smpp/index.ts'
import { asError } from '../../flow/asError.ts'
import { addressGroup } from './addressGroup.ts'
import type { BindRegistry } from './bindRegistry.ts'
import type { CustomerLog } from './customerLog.ts'
import type { Credentials } from './credentials.ts'
import type { Intake } from './intake.ts'
import { submitRefusal } from './submitRefusal.ts'

export interface CustomerSessionsOptions {
  /** The system_id that Signalbox sends in bind responses. */
  systemId: string
  credentials: Credentials
  binds: BindRegistry
  intake: Intake
  /** Called after each bind, because deliveries may be waiting for a receiver. */
  onReceiver: () => void
  customerLog: Pick<CustomerLog, 'bound' | 'left' | 'refused'>
  onTrouble: (what: string, error: Error) => void
}

type BindPdu = Pdu<'bind_transmitter' | 'bind_receiver' | 'bind_transceiver'>

export function customerSessions(options: CustomerSessionsOptions): SessionEvents {
  return {
    onBind: (session, pdu) => {
      bindCustomer(options, session, pdu).catch((error: Error) => {
        options.onTrouble('binding a customer failed', error)
        session.refuseBind(pdu, ESME_RBINDFAIL)
      })
    },
    requests: {
      submit_sm: (session, pdu, body) => {
        try {
          submitSm(options, session, pdu, body)
        } catch (error) {
          // ESME_RSYSERR is a permanent error, so the customer does not send the failing message
          // again.
          options.onTrouble('accepting a submit_sm failed', asError(error))
          session.respond(pdu, ESME_RSYSERR)
        }
      },
    },
    onClosed: (session, reason) => {
      const bind = options.binds.remove(session)
      if (bind) options.customerLog.left(bind, reason)
    },
  }
}

// SMPP 3.4 §4.1. A wrong password and an unknown system_id get the same error, ESME_RBINDFAIL (as
// in SMPP 5.0).
async function bindCustomer(options: CustomerSessionsOptions, session: Session, pdu: BindPdu) {
  const { binds, credentials, customerLog, onReceiver } = options
  const verified = await credentials.byPassword(pdu.system_id, pdu.password, {
    from: addressGroup(session.remoteAddress),
    isWanted: () => session.state !== 'CLOSED',
  })
  if (session.state === 'CLOSED') return
  // From here until the bind is added to `binds`, the code is synchronous, so that no revocation
  // can miss the bind.
  const user = verified && credentials.current(verified)
  if (!user) {
    customerLog.refused(pdu.system_id, session.remoteAddress, 'wrong system_id or password')
    return session.refuseBind(pdu, ESME_RBINDFAIL)
  }
  if (!binds.hasRoomFor(user)) {
    customerLog.refused(user.id, session.remoteAddress, `all ${user.maxBinds} binds are taken`)
    return session.refuseBind(pdu, ESME_RALYBND)
  }
  session.acceptBind(pdu, options.systemId)
  const bind = { session, user }
  binds.add(bind)
  customerLog.bound(bind)
  onReceiver()
}

// SMPP 3.4 §4.4. A router accepts messages in batches, so its verdicts on several messages arrive
// together.
function submitSm(
  { binds, intake }: CustomerSessionsOptions,
  session: Session,
  pdu: Pdu<'submit_sm'>,
  body: Buffer,
): void {
  const bound = binds.get(session)
  const refuse = (commandStatus: number): void => {
    if (bound) intake.figures.addRefused(bound.user.account, commandStatus)
    session.respond(pdu, commandStatus)
  }
  // A revoked bind is no longer in `binds`, but messages may arrive on it until the customer
  // receives our unbind. They get a temporary error. After a permanent error, the customer would
  // discard the message, although it may be able to send the message on another bind. Messages
  // beyond the window of the user get the same temporary error.
  if (!bound || session.unansweredByUs > bound.user.window) return refuse(ESME_RTHROTTLED)
  const refusal = submitRefusal(pdu, session.interfaceVersion)
  if (refusal !== undefined) return refuse(refusal)
  const request = { command: pdu.command, sequence_number: pdu.sequence_number }
  intake.submit(bound.user, body, (verdict, messageId) => {
    if (verdict.kind === 'accepted') session.respond(request, ESME_ROK, { message_id: messageId })
    else session.respond(request, verdict.commandStatus)
  })
}
