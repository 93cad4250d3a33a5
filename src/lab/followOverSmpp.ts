// Sends one message over SMPP as a customer does, and follows the message to its final receipt. The
// session binds as a transceiver, requests a receipt, and acknowledges only the receipts of its own
// message. All other deliveries are for the customer's application, so they are refused with
// ESME_RX_T_APPN and will be delivered again later.

import { performance } from 'node:perf_hooks'
import {
  BindRefusedError,
  commandStatusName,
  connectSmpp,
  ESME_ROK,
  ESME_RX_T_APPN,
  MESSAGE_STATE,
  parseReceipt,
  RANK_FINAL,
  rankOf,
  segmentText,
  SmppConnectError,
  statOf,
} from '../smpp/index.ts'
import type {
  Pdu,
  PduBodies,
  Receipt,
  RequestOutcome,
  Session,
  SessionTimers,
} from '../smpp/index.ts'

export interface SmsToSend {
  readonly to: string
  readonly from: string
  readonly text: string
}

export interface SmppTarget {
  readonly host: string
  readonly port: number
  readonly systemId: string
  readonly password: string
}

export interface FollowedStep {
  readonly step: 'bound' | 'accepted' | 'submitted' | 'receipt'
  readonly elapsedMs: number
  readonly detail: string
}

export type SendOutcome =
  | {
      readonly kind: 'delivered' | 'undelivered'
      readonly messageId: string
      readonly state: string
    }
  /** `status` is the name of the command_status, or the answer of the HTTP API. */
  | { readonly kind: 'refused'; readonly status: string }
  | { readonly kind: 'timeout' | 'lost'; readonly messageId: string | undefined }
  | NoSession

/** `code` is from SmppConnectError, and `status` is from the bind_transceiver_resp. */
export type NoSession =
  | { readonly kind: 'unreachable'; readonly code: string; readonly detail: string }
  | { readonly kind: 'bindRefused'; readonly status: string }

export interface FollowOptions {
  readonly timeoutMs: number
  onStep(step: FollowedStep): void
}

type ShortMessage = Partial<PduBodies['submit_sm']>

const TIMERS: SessionTimers = {
  sessionInitTimeoutMs: 0,
  enquireLinkIntervalMs: 10_000,
  responseTimeoutMs: 30_000,
  inactivityTimeoutMs: 0,
}
/** Shorter numbers are network-specific short codes. */
const INTERNATIONAL_DIGITS_MIN = 7

export async function followOverSmpp(
  target: SmppTarget,
  sms: SmsToSend,
  options: FollowOptions,
): Promise<SendOutcome> {
  const follower = new Follower(options)
  const message = shortMessage(sms)
  const session = await bind(target, follower, options.timeoutMs)
  if ('kind' in session) return session
  follower.step('bound', `to ${target.host}:${target.port} as ${target.systemId}`)
  const outcome = await follower.submit(session, message)
  await session.unbind()
  return follower.closing(outcome)
}

async function bind(
  { host, port, systemId: system_id, password }: SmppTarget,
  follower: Follower,
  timeoutMs: number,
): Promise<Session | NoSession> {
  const giveUp = new AbortController()
  const timer = setTimeout(() => giveUp.abort(), timeoutMs)
  try {
    return await connectSmpp({
      host,
      port,
      command: 'bind_transceiver',
      system_id,
      password,
      events: {
        requests: { deliver_sm: (session, pdu) => follower.onDeliver(session, pdu) },
        onClosed: () => follower.onClosed(),
      },
      timers: TIMERS,
      windowSize: 1,
      signal: giveUp.signal,
    })
  } catch (error) {
    if (error instanceof BindRefusedError)
      return { kind: 'bindRefused', status: commandStatusName(error.commandStatus) }
    if (error instanceof SmppConnectError)
      return { kind: 'unreachable', code: error.code, detail: error.message }
    throw error
  } finally {
    clearTimeout(timer)
  }
}

class Follower {
  readonly #options: FollowOptions
  readonly #startedAt = performance.now()
  /** Receipts that arrived before the submit_sm_resp told us the id of our message. */
  #early: { readonly request: Pdu<'deliver_sm'>; readonly receipt: Receipt }[] = []
  #messageId: string | undefined
  #resolve: (outcome: SendOutcome) => void = () => undefined
  #isOver = false

  constructor(options: FollowOptions) {
    this.#options = options
  }

  step(step: FollowedStep['step'], detail: string): void {
    const elapsedMs = Math.round(performance.now() - this.#startedAt)
    this.#options.onStep({ step, elapsedMs, detail })
  }

  async submit(session: Session, body: ShortMessage): Promise<SendOutcome> {
    const leftMs = this.#options.timeoutMs - (performance.now() - this.#startedAt)
    const timer = setTimeout(() => this.#end('timeout'), Math.max(leftMs, 0))
    const outcome = await new Promise<SendOutcome>((resolve) => {
      this.#resolve = resolve
      const sequence = session.request('submit_sm', body, (response) =>
        this.#onSubmitted(session, response),
      )
      if (sequence === undefined) this.#end('lost')
    })
    clearTimeout(timer)
    this.#isOver = true
    return outcome
  }

  /**
   * Adds the message id to the outcome, because the id may have arrived as the session ended.
   */
  closing(outcome: SendOutcome): SendOutcome {
    if (outcome.kind !== 'timeout' && outcome.kind !== 'lost') return outcome
    return { ...outcome, messageId: this.#messageId }
  }

  onDeliver(session: Session, pdu: Pdu<'deliver_sm'>): void {
    const receipt = parseReceipt(pdu)
    if (receipt === undefined) return session.respond(pdu, ESME_RX_T_APPN)
    if (this.#messageId !== undefined) return this.#onReceipt(session, pdu, receipt)
    this.#early.push({ request: pdu, receipt })
  }

  onClosed(): void {
    this.#end('lost')
  }

  #end(kind: 'timeout' | 'lost'): void {
    this.#resolve({ kind, messageId: this.#messageId })
  }

  #onSubmitted(session: Session, outcome: RequestOutcome): void {
    if (outcome.kind === 'timeout') return this.#end('timeout')
    if (outcome.kind === 'closed') return this.#end('lost')
    const { pdu } = outcome
    if (pdu.command === 'submit_sm_resp' && pdu.command_status === ESME_ROK) {
      this.#messageId = pdu.message_id
      this.step('submitted', `message id ${pdu.message_id}`)
    } else {
      this.#resolve({ kind: 'refused', status: commandStatusName(pdu.command_status) })
    }
    for (const { request, receipt } of this.#early) this.#onReceipt(session, request, receipt)
    this.#early = []
  }

  #onReceipt(session: Session, request: Pdu<'deliver_sm'>, receipt: Receipt): void {
    const { id, messageState: state } = receipt
    const messageId = this.#messageId
    if (this.#isOver || messageId === undefined || id !== messageId)
      return session.respond(request, ESME_RX_T_APPN)
    session.respond(request, ESME_ROK)
    this.step('receipt', receiptDetail(receipt))
    if (state === undefined || rankOf(state) < RANK_FINAL) return
    const kind = state === MESSAGE_STATE.DELIVERED ? 'delivered' : 'undelivered'
    this.#resolve({ kind, messageId, state: statOf(state) })
  }
}

function receiptDetail({ messageState, err, submitDate, doneDate }: Receipt): string {
  return [
    `stat ${messageState === undefined ? '(none)' : statOf(messageState)}`,
    `err ${err ?? '(none)'}`,
    ...(submitDate ? [`submit date ${submitDate}`] : []),
    ...(doneDate ? [`done date ${doneDate}`] : []),
  ].join(', ')
}

function shortMessage({ to, from, text }: SmsToSend): ShortMessage {
  // The message is sent as a single PDU, so that there is only one message id to follow.
  const content = segmentText(text, { by: 'message_payload', reference: 0 })
  if (content.kind !== 'segmented')
    throw new RangeError('the text is longer than 65,535 octets, the limit of one message')
  const [destination, source] = [address(to), address(from)]
  return {
    source_addr_ton: source.ton,
    source_addr_npi: source.npi,
    source_addr: source.digits,
    dest_addr_ton: destination.ton,
    dest_addr_npi: destination.npi,
    destination_addr: destination.digits,
    registered_delivery: 1,
    ...content.segments[0],
  }
}

/** TON, NPI and digits of an address (SMPP 3.4 §5.2.5 and §5.2.6). A leading `+` is removed. */
function address(text: string): { ton: number; npi: number; digits: string } {
  const digits = text.replace(/^\+/, '')
  if (!/^\d*$/.test(digits)) return { ton: 5, npi: 0, digits }
  if (digits === '') return { ton: 0, npi: 0, digits }
  return digits.length < INTERNATIONAL_DIGITS_MIN && !text.startsWith('+')
    ? { ton: 3, npi: 0, digits }
    : { ton: 1, npi: 1, digits }
}
