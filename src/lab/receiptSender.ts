import { classify, MESSAGE_STATE, receiptBody } from '../smpp/index.ts'
import type { PduBodies, RequestOutcome, Session } from '../smpp/index.ts'
import type { AcceptedMessage } from './acceptedLine.ts'
import { DueTimer } from './dueTimer.ts'

const DUE_GRANULARITY_MS = 5

export interface ReceiptSenderOptions {
  /** The time after which an unanswered or temporarily refused receipt is sent again. */
  readonly resendAfterMs: number
  /** Called when the receipt was acknowledged (status 0) or permanently refused. */
  onSettled(message: AcceptedMessage, commandStatus: number): void
}

/**
 * Sends receipts when they are due. Bound sessions that can carry receipts and have room in their
 * window take turns. Without such a session, receipts wait. After a lost link, a time-out or a
 * temporary refusal, the receipt is sent again. Each receipt is therefore sent at least once, in no
 * guaranteed order.
 */
export class ReceiptSender {
  readonly #options: ReceiptSenderOptions
  readonly #due: DueTimer<AcceptedMessage>
  readonly #sessions: Session[] = []
  #ready: AcceptedMessage[] = []
  #readyFrom = 0
  #turn = 0
  #inFlight = 0
  #wakeQueued = false
  sent = 0

  constructor(options: ReceiptSenderOptions) {
    this.#options = options
    this.#due = new DueTimer(DUE_GRANULARITY_MS, (messages) => {
      for (const message of messages) this.#ready.push(message)
      this.#wake()
    })
  }

  /** The number of receipts that are not settled yet. */
  get pending(): number {
    return this.#due.size + this.#ready.length - this.#readyFrom + this.#inFlight
  }

  schedule(message: AcceptedMessage, delayMs: number): void {
    this.#due.add(delayMs, message)
  }

  /** Sends a receipt before all waiting receipts, and before its message's submit_sm_resp. */
  sendNow(message: AcceptedMessage): void {
    const session = this.#freeSession()
    if (!session || !this.#send(session, message)) this.#ready.push(message)
  }

  addSession(session: Session): void {
    if (!session.canSend('deliver_sm')) return
    this.#sessions.push(session)
    this.#queueWake()
  }

  removeSession(session: Session): void {
    const at = this.#sessions.indexOf(session)
    if (at >= 0) this.#sessions.splice(at, 1)
  }

  close(): void {
    this.#due.close()
    this.#sessions.length = 0
  }

  #queueWake(): void {
    if (this.#wakeQueued) return
    this.#wakeQueued = true
    queueMicrotask(() => {
      this.#wakeQueued = false
      this.#wake()
    })
  }

  #wake(): void {
    while (this.#readyFrom < this.#ready.length) {
      const message = this.#ready[this.#readyFrom]
      const session = this.#freeSession()
      if (!message || !session || !this.#send(session, message)) break
      this.#readyFrom += 1
    }
    // The array is compacted only from time to time, and not for each message.
    if (this.#readyFrom > 4_096 && this.#readyFrom * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#readyFrom)
      this.#readyFrom = 0
    }
  }

  #freeSession(): Session | undefined {
    const count = this.#sessions.length
    for (let tried = 0; tried < count; tried += 1) {
      this.#turn = (this.#turn + 1) % count
      const session = this.#sessions[this.#turn]
      if (session && session.windowFree > 0 && session.canSend('deliver_sm')) return session
    }
    return undefined
  }

  #send(session: Session, message: AcceptedMessage): boolean {
    const sequence = session.request('deliver_sm', receiptFields(message), (outcome) =>
      this.#answered(message, outcome),
    )
    if (sequence === undefined) return false
    this.sent += 1
    this.#inFlight += 1
    return true
  }

  #answered(message: AcceptedMessage, outcome: RequestOutcome): void {
    if (outcome.kind === 'late') return
    this.#inFlight -= 1
    this.#queueWake()
    const { resendAfterMs } = this.#options
    if (outcome.kind === 'closed') return this.#due.add(0, message)
    if (outcome.kind === 'timeout') return this.#due.add(resendAfterMs, message)
    const status = outcome.pdu.command_status
    const severity = classify(status)
    if (severity === 'temporary' || severity === 'throttled') this.#due.add(resendAfterMs, message)
    else this.#options.onSettled(message, status)
  }
}

function receiptFields(message: AcceptedMessage): Partial<PduBodies['deliver_sm']> {
  const messageState = message.receiptState ?? MESSAGE_STATE.DELIVERED
  const delivered = messageState === MESSAGE_STATE.DELIVERED
  return {
    // The addresses are swapped, because the receipt comes from the handset.
    source_addr_ton: message.destinationTon,
    source_addr_npi: message.destinationNpi,
    source_addr: message.destination,
    dest_addr_ton: message.sourceTon,
    dest_addr_npi: message.sourceNpi,
    destination_addr: message.source,
    ...receiptBody({
      id: message.upstreamId,
      sub: 1,
      dlvrd: delivered ? 1 : 0,
      submitDate: new Date(message.atMs),
      doneDate: new Date(),
      messageState,
      err: delivered ? '000' : '001',
      text: message.text,
    }),
  }
}
