// The router's decision about one message: account, destination, route. Pure and synchronous; the
// platform is a picture in memory. Limits and screening will join as further steps.

import type { Lane } from '../message/lane.ts'
import { endOfLife } from '../message/endOfLife.ts'
import type { EnvelopeMessage } from '../message/messageWire.ts'
import { ACCEPTED, type Submission, type Verdict } from './routerCallWire.ts'
import { normaliseDestination } from './destination.ts'
import { compileRoutes, type Router } from './compileRoutes.ts'
import { decodeBody, encodeBody } from '../smpp/wire/codec.ts'
import {
  ESME_RINVDSTADR,
  ESME_RINVEXPIRY,
  ESME_RINVMSGLEN,
  ESME_RSUBMITFAIL,
  ESME_RSYSERR,
  ESME_RTHROTTLED,
} from '../smpp/wire/commandStatus.ts'
import type { ShortMessageBody } from '../smpp/wire/pduTable.ts'
import { type Account, DEFAULT_LIFETIME_SECONDS } from '../platform/account.ts'
import { asError } from '../flow/asError.ts'
import { errorAbout } from '../flow/errorAbout.ts'
import type { Platform } from '../platform/platform.ts'

/** A message that may go on, and where to. */
export interface Admitted {
  message: EnvelopeMessage
  connector: string
  lane: Lane
}

export type Admission =
  | ({ kind: 'admitted' } & Admitted)
  | { kind: 'refused'; commandStatus: number; reason: string }

/** SMPP 3.4 §5.2.5, §5.2.6: what a number in international form is called on the wire. */
const TON_INTERNATIONAL = 1
const NPI_E164 = 1

export class Admitter {
  #platform: Platform
  #routeTo: Router

  constructor(platform: Platform) {
    this.#platform = platform
    this.#routeTo = routerOf(platform)
  }

  /** Routes are compiled again only if they or the connectors have changed. */
  follow(platform: Platform): void {
    const { connectors, routeTable } = this.#platform
    const isSame = connectors === platform.connectors && routeTable === platform.routeTable
    this.#platform = platform
    if (!isSame) this.#routeTo = routerOf(platform)
  }

  admit(submission: Submission): Admission {
    const account = this.#platform.accounts.get(submission.account)
    // Its user has signed in at the gateway, so this router will hear of it in a moment.
    if (!account) return refused(ESME_RTHROTTLED, 'the account is not known here yet')
    if (!account.enabled) return refused(ESME_RSUBMITFAIL, 'the account is closed')
    // The gateway decoded these octets before it sent them on, so they decode here too.
    const submitSm = decodeBody('submit_sm', submission.body)
    const expiresAtMs = expiryOf(submission, submitSm.validity_period, account)
    if (expiresAtMs === undefined)
      return refused(ESME_RINVEXPIRY, 'the validity is over already, or ends on no real day')
    const destination = normaliseDestination(submitSm.destination_addr)
    if (!destination) return refused(ESME_RINVDSTADR, 'not a number in international form')
    const choice = this.#routeTo(destination)
    if (choice.kind !== 'connector') return NOWHERE[choice.kind]
    const { connector } = choice
    const body = asSentUpstream(submission.body, submitSm, destination)
    if (body.length > MAX_BODY_OCTETS) return refused(ESME_RINVMSGLEN, 'the message is too long')
    const message = messageOf(submission, submitSm, body, expiresAtMs)
    return { kind: 'admitted', message, connector, lane }
  }
}

function routerOf({ connectors, routeTable }: Platform): Router {
  const { routes, default: byDefault } = routeTable
  // A paused connector is usable: its messages wait on its queues.
  const isUsable = (id: string) => connectors.get(id)?.enabled === true
  return compileRoutes(routes, byDefault, isUsable)
}

/**
 * The verdicts in the order of the submissions, and the messages that may go on. A message whose
 * admission throws is refused alone, and reported.
 */
export function admitBatch(
  admitter: Pick<Admitter, 'admit'>,
  submissions: readonly Submission[],
  onTrouble: (what: string, error: Error) => void,
): { admitted: Admitted[]; verdicts: Verdict[] } {
  const admitted: Admitted[] = []
  const verdicts = submissions.map((submission): Verdict => {
    let admission: Admission
    try {
      admission = admitter.admit(submission)
    } catch (error) {
      const about = errorAbout(`message ${submission.messageId}`, asError(error))
      onTrouble('admitting a message failed', about)
      return refused(ESME_RSYSERR, 'an internal error about this message')
    }
    if (admission.kind === 'refused') return admission
    admitted.push(admission)
    return ACCEPTED
  })
  return { admitted, verdicts }
}

/** One lane until accounts and templates choose (high for one-time codes, bulk for campaigns). */
const lane: Lane = 'normal'
/** One message must fit an envelope; message_payload allows 64 KiB, phones do not. */
const MAX_BODY_OCTETS = 40 * 1024

function refused(commandStatus: number, reason: string) {
  return { kind: 'refused', commandStatus, reason } as const
}

/** The end of the message's life, or undefined if that is past or cannot be read. */
function expiryOf(
  { receivedAtMs }: Submission,
  validityPeriod: string,
  { defaultLifetimeSeconds = DEFAULT_LIFETIME_SECONDS }: Account,
): number | undefined {
  const end = endOfLife(validityPeriod, receivedAtMs)
  if (end.kind === 'unset') return receivedAtMs + defaultLifetimeSeconds * 1_000
  // The gateway's time alone decides, so that every router gives a repeated batch the same answer.
  return end.kind === 'at' && end.atMs > receivedAtMs ? end.atMs : undefined
}

function messageOf(
  submission: Submission,
  submitSm: ShortMessageBody,
  body: Buffer,
  expiresAtMs: number,
): EnvelopeMessage {
  return {
    messageId: submission.messageId,
    account: submission.account,
    user: submission.user,
    acceptedAtMs: submission.receivedAtMs,
    attempts: 0,
    body,
    registeredDelivery: submitSm.registered_delivery,
    expiresAtMs,
  }
}

/** Customers read the reasons, so no reason names a connector. */
const NOWHERE = {
  noRoute: refused(ESME_RINVDSTADR, 'no route fits and there is no default'),
  // An operator has disabled the connectors, and may enable them again.
  unusable: refused(ESME_RTHROTTLED, 'the route is not in service at the moment: try again later'),
} as const

/** The octets as they came, unless normalising changed the destination. */
function asSentUpstream(body: Buffer, submitSm: ShortMessageBody, destination: string): Buffer {
  if (submitSm.destination_addr === destination) return body
  return encodeBody('submit_sm', {
    ...submitSm,
    dest_addr_ton: TON_INTERNATIONAL,
    dest_addr_npi: NPI_E164,
    destination_addr: destination,
  })
}
