// Receives receipts from SMSCs. A receipt is parsed, matched with the recent submissions of this
// process, stored durably on the queue, and only then acknowledged. While the queue is unavailable,
// the SMSC is asked to send its receipts again later. Mobile-originated messages have no route yet.
// They are refused with a temporary error, so that the SMSC keeps them.

import { DLR_QUEUE, encodeReceipts, type UpstreamReceipt } from '../../message/receiptWire.ts'
import { upstreamId } from '../../message/ids.ts'
import { comparableNumber } from '../../message/receiptMatch.ts'
import { carriedId, upstreamIdKey, type UpstreamIdRule } from '../../message/upstreamIdKey.ts'
import type { Connector } from '../../platform/connector.ts'
import { asError } from '../../flow/asError.ts'
import { Batcher } from '../../flow/batcher.ts'
import type { SteadyClock } from '../../flow/steadyClock.ts'
import { publishAll } from '../../queue/publishAll.ts'
import type { Queue } from '../../queue/queue.ts'
import {
  ESME_ROK,
  ESME_RX_R_APPN,
  ESME_RX_T_APPN,
  MESSAGE_STATE,
  parseReceipt,
  readTlv,
} from '../../smpp/index.ts'
import type { MessageState, Pdu, Receipt, ReceiptOptions, Session } from '../../smpp/index.ts'
import { ReceiptFigures } from './receiptFigures.ts'
import type { RecentSubmissions } from './recentSubmissions.ts'

interface Unanswered {
  session: Session
  request: { command: 'deliver_sm'; sequence_number: number }
  receipt: UpstreamReceipt
  /** The time of the write to the socket, if this process remembers the submission. */
  submittedAtMs: number | undefined
}

/** The limit of the stored `err` field. No `err` field seen in practice is longer. */
const ERROR_CHARACTERS_MAX = 20
const STAT_CHARACTERS_MAX = 40
/** SMPP 3.4 §5.2.12: bits 5-2 of esm_class. */
const ESM_CLASS_TYPE = 0x3c
const ESM_CLASS_INTERMEDIATE = 0x20
/** The most receipts that may wait in memory until the queue has stored them. */
const WAITING_MAX = 20_000
/** The most receipts in one envelope. Without message bodies, they take about 64 KB. */
const MAX_RECEIPTS = 200
/** The most octets of message bodies that the receipts in one envelope carry. */
const MAX_OCTETS = 128 * 1_024

/** The bind that a receipt arrives on, and the format in which its SMSC writes receipts. */
export interface ReceiptSource {
  readonly connector: string
  readonly slot: number
  readonly idRule: UpstreamIdRule
  readonly options: ReceiptOptions
}

/**
 * Returns a function that returns the current source. The source is rebuilt only when the connector
 * changes.
 */
export function receiptSource(connector: () => Connector, slot: number): () => ReceiptSource {
  let readFrom = connector()
  let source = sourceFrom(readFrom, slot)
  return () => {
    const current = connector()
    if (current !== readFrom) {
      readFrom = current
      source = sourceFrom(current, slot)
    }
    return source
  }
}

function sourceFrom(connector: Connector, slot: number): ReceiptSource {
  const words = Object.entries(connector.receiptStates)
  const states = new Map(words.map(([word, name]) => [word.toUpperCase(), MESSAGE_STATE[name]]))
  return { connector: connector.id, slot, idRule: connector.messageIdRule, options: { states } }
}

export class ReceiptIntake {
  #recent: RecentSubmissions
  #clock: SteadyClock
  #batcher: Batcher<Unanswered>
  #onTrouble: (what: string, error: Error) => void
  readonly figures = new ReceiptFigures()

  constructor(
    queue: Queue,
    recent: RecentSubmissions,
    clock: SteadyClock,
    onTrouble: (what: string, error: Error) => void,
  ) {
    this.#recent = recent
    this.#clock = clock
    this.#onTrouble = onTrouble
    this.#batcher = new Batcher({
      send: (batch) => this.#publish(queue, batch),
      onError: (error) => onTrouble('taking in receipts', error),
      maxItems: MAX_RECEIPTS,
      octetsOf: ({ receipt }) => receipt.message?.body.length ?? 0,
      maxOctets: MAX_OCTETS,
      concurrency: 2,
    })
  }

  /** Takes a deliver_sm from an SMSC (SMPP 3.4 §4.6). A receipt is answered once it is durable. */
  take(source: ReceiptSource, session: Session, pdu: Pdu<'deliver_sm'>): void {
    const request = { command: pdu.command, sequence_number: pdu.sequence_number }
    // While the queue is unavailable, an SMSC that does not wait for answers can flood this
    // process. The SMSC sends the refused receipts again later.
    if (this.#batcher.waiting >= WAITING_MAX) return session.respond(request, ESME_RX_T_APPN)
    try {
      const parsed = parseReceipt(pdu, source.options)
      if (parsed) {
        return this.#batcher.add({ session, request, ...this.#receiptFrom(source, pdu, parsed) })
      }
    } catch (error) {
      // The same receipt would fail again, so the SMSC is not asked to repeat it.
      this.figures.unprocessable++
      this.#onTrouble(`taking in a receipt from ${source.connector}`, asError(error))
      return session.respond(request, ESME_RX_R_APPN)
    }
    this.figures.mobileOriginatedRefused++
    session.respond(request, ESME_RX_T_APPN)
  }

  #receiptFrom(
    source: ReceiptSource,
    pdu: Pdu<'deliver_sm'>,
    parsed: Receipt,
  ): Pick<Unanswered, 'receipt' | 'submittedAtMs'> {
    const { connector, idRule, slot } = source
    const carried = carriedId(upstreamId(parsed.id ?? ''), 'receipt', idRule, slot)
    // In a receipt the source and destination addresses are swapped.
    const destination = comparableNumber(pdu.source_addr)
    const receivedAtMs = this.#clock.nowMs()
    const key = upstreamIdKey(carried)
    const submission = this.#recent.find({ connector, key, destination, receivedAtMs })
    const receipt = {
      connector,
      ...carried,
      destination,
      messageState: parsed.messageState ?? stateNotUnderstood(pdu.esm_class),
      error: cleaned(parsed.err ?? '', ERROR_CHARACTERS_MAX),
      ...(parsed.messageState === undefined && { stat: wordOf(pdu, parsed) }),
      receivedAtMs,
      message: submission?.message,
    }
    return { receipt, submittedAtMs: submission?.submittedAtMs }
  }

  whenIdle(): Promise<void> {
    return this.#batcher.whenIdle()
  }

  async #publish(queue: Queue, batch: Unanswered[]): Promise<void> {
    let commandStatus = ESME_ROK
    try {
      const payload = encodeReceipts(batch.map(({ receipt }) => receipt))
      await publishAll(queue, [{ queue: DLR_QUEUE, payload, messages: batch.length }])
      for (const one of batch) this.figures.addDurable(one.receipt, one.submittedAtMs)
    } catch (error) {
      this.#onTrouble('publishing receipts', asError(error))
      commandStatus = ESME_RX_T_APPN
    }
    for (const { session, request } of batch) session.respond(request, commandStatus)
  }
}

/**
 * Returns the text up to the first NUL, at most `charactersMax` characters. Some SMSCs pad with
 * NULs, which the database refuses.
 */
function cleaned(text: string, charactersMax: number): string {
  const end = text.indexOf('\0')
  return (end < 0 ? text : text.slice(0, end)).slice(0, charactersMax)
}

function stateNotUnderstood(esmClass: number): MessageState {
  const interim = (esmClass & ESM_CLASS_TYPE) === ESM_CLASS_INTERMEDIATE
  return interim ? MESSAGE_STATE.ENROUTE : MESSAGE_STATE.UNKNOWN
}

/** The SMSC's own text for an unknown state. The trace of the message shows this text. */
function wordOf({ tlvs }: Pdu<'deliver_sm'>, { stat }: Receipt): string {
  const word = stat ?? `message_state ${readTlv(tlvs, 'message_state') ?? 'missing'}`
  return cleaned(word, STAT_CHARACTERS_MAX)
}
