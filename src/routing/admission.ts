// Decides whether the router admits a message. The decision checks the account, the validity and
// the destination, and chooses a route. The decision is synchronous and uses the in-memory
// platform. Limits and screening will be added as further steps.

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

/** An admitted message, with its connector and lane. */
export interface Admitted {
  message: EnvelopeMessage
  connector: string
  lane: Lane
}

export type Admission =
  | ({ kind: 'admitted' } & Admitted)
  | { kind: 'refused'; commandStatus: number; reason: string }

/** The TON and NPI of a number in international form (SMPP 3.4 §5.2.5, §5.2.6). */
const TON_INTERNATIONAL = 1
const NPI_E164 = 1

export class Admitter {
  #platform: Platform
  #routeTo: Router

  constructor(platform: Platform) {
    this.#platform = platform
    this.#routeTo = routerOf(platform)
  }

  /** Uses a new platform. Routes are recompiled only if the routes or connectors have changed. */
  follow(platform: Platform): void {
    const { connectors, routeTable } = this.#platform
    const isSame = connectors === platform.connectors && routeTable === platform.routeTable
    this.#platform = platform
    if (!isSame) this.#routeTo = routerOf(platform)
  }

  admit(submission: Submission): Admission {
    const account = this.#platform.accounts.get(submission.account)
    // A user of the account has signed in at the gateway, so this router will soon know the
    // account.
    if (!account) return refused(ESME_RTHROTTLED, 'the account is not known to this router yet')
    if (!account.enabled) return refused(ESME_RSUBMITFAIL, 'the account is disabled')
    // Decoding cannot fail, because the gateway has already decoded the same octets.
    const submitSm = decodeBody('submit_sm', submission.body)
    const expiresAtMs = expiryOf(submission, submitSm.validity_period, account)
    if (expiresAtMs === undefined)
      return refused(ESME_RINVEXPIRY, 'the validity has already ended or is not a valid date')
    const destination = normaliseDestination(submitSm.destination_addr)
    if (!destination)
      return refused(ESME_RINVDSTADR, 'the destination is not a number in international form')
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
 * Decides on each submission of a batch. Returns the verdicts in the order of the submissions, and
 * the admitted messages. If the admission of a message throws, only that message is refused, and
 * the error is reported.
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
      return refused(ESME_RSYSERR, 'an internal error occurred for this message')
    }
    if (admission.kind === 'refused') return admission
    admitted.push(admission)
    return ACCEPTED
  })
  return { admitted, verdicts }
}

/**
 * At present, all messages have this lane. Later, accounts and templates will choose the lane: high
 * for one-time codes, bulk for campaigns.
 */
const lane: Lane = 'normal'
/** A message must fit into an envelope. message_payload allows 64 KiB, but phones accept less. */
const MAX_BODY_OCTETS = 40 * 1024

function refused(commandStatus: number, reason: string) {
  return { kind: 'refused', commandStatus, reason } as const
}

/**
 * Returns the end of the message's validity, or undefined if the end is in the past or unreadable.
 */
function expiryOf(
  { receivedAtMs }: Submission,
  validityPeriod: string,
  { defaultLifetimeSeconds = DEFAULT_LIFETIME_SECONDS }: Account,
): number | undefined {
  const end = endOfLife(validityPeriod, receivedAtMs)
  if (end.kind === 'unset') return receivedAtMs + defaultLifetimeSeconds * 1_000
  // Only the gateway's time is used, so that every router gives a repeated batch the same verdicts.
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

/**
 * The refusals of messages without a usable route. Customers see the reasons, so the reasons do not
 * name connectors.
 */
const NOWHERE = {
  noRoute: refused(ESME_RINVDSTADR, 'no route matches and there is no default route'),
  // An operator has disabled the connectors and may enable them again.
  unusable: refused(ESME_RTHROTTLED, 'the route is temporarily out of service: try again later'),
} as const

/** The body to submit: the original octets, unless normalising changed the destination. */
function asSentUpstream(body: Buffer, submitSm: ShortMessageBody, destination: string): Buffer {
  if (submitSm.destination_addr === destination) return body
  return encodeBody('submit_sm', {
    ...submitSm,
    dest_addr_ton: TON_INTERNATIONAL,
    dest_addr_npi: NPI_E164,
    destination_addr: destination,
  })
}
