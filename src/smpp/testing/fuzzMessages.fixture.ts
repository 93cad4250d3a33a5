import { decodePdu } from '../wire/codec.ts'
import type { Alphabet } from '../text/dataCoding.ts'
import { decodeText } from '../text/decodeText.ts'
import { isSameMessageId, messageIdCandidates, type MessageIdRule } from '../receipts/messageId.ts'
import { parseReceipt, receiptCount, type Receipt } from '../receipts/receipt.ts'
import { readReceiptTime } from '../receipts/receiptTime.ts'
import { Reassembler } from '../text/reassembler.ts'
import { joinText, messageText, readUserData, type MessageBody } from '../text/userData.ts'

const ALPHABETS: readonly Alphabet[] = ['gsm', 'gsmPacked', 'ascii', 'latin1', 'ucs2', 'utf8']
const NOTATIONS = [undefined, 'hex', 'decimal'] as const
/** Greater than the identifier of the last national language, 13. */
const LANGUAGES = 16
const OCTETS_MAX = 100_000
const TIME_LIMIT_MS = 60_000
/**
 * The longest simulated time between two messages. Over thousands of messages, these times add up
 * to several times TIME_LIMIT_MS, so some parts arrive too late.
 */
const PAUSE_MS_MAX = 40

export interface MessageCounts {
  /** The number of messages whose text, header and receipt were read. */
  messages: number
  /** The number of messages that were receipts. */
  receipts: number
  /** The number of long messages that were joined. */
  joined: number
  /** The number of long messages that the Reassembler handed out with parts missing. */
  incomplete: number
}

/**
 * Reads mutated messages as an application would. The text, header and receipt of each message are
 * read with random settings, and parts are joined. Throws if reading or joining throws, if a text
 * is not well-formed, if a part is lost or handed out twice, or if too many octets are held.
 */
export class MessageReader {
  readonly #random: () => number
  readonly #counts: MessageCounts
  readonly #reassembler: Reassembler<number>
  /** The items of parts that were added and have not been handed out yet. */
  readonly #held = new Set<number>()
  #nowMs = 0

  constructor(random: () => number, counts: MessageCounts) {
    this.#random = random
    this.#counts = counts
    this.#reassembler = new Reassembler<number>({
      timeLimitMs: TIME_LIMIT_MS,
      octetsMax: OCTETS_MAX,
      nowMs: () => this.#nowMs,
      onIncomplete: ({ parts }) => {
        this.#counts.incomplete++
        this.#handedOut(parts)
        wellFormed(joinText(parts, { defaultAlphabet: this.#alphabet() }))
      },
    })
  }

  /** Reads the message in `octets`, which need not be a valid PDU. */
  read(octets: Buffer): void {
    const decoded = decodePdu(octets, 0, octets.length)
    if (decoded.kind === 'malformed' || !('esm_class' in decoded.pdu)) return
    const { pdu } = decoded
    const item = this.#counts.messages++
    this.#readText(pdu)
    this.#readReceipt(pdu)
    this.#join(pdu.source_addr, 'destination_addr' in pdu ? pdu.destination_addr : '', pdu, item)
  }

  end(): void {
    this.#reassembler.close()
    if (this.#held.size > 0) throw new Error(`${this.#held.size} parts were lost`)
    if (this.#reassembler.octets !== 0) throw new Error('octets are held although no part is held')
  }

  #readText(body: MessageBody): void {
    const defaultAlphabet = this.#alphabet()
    wellFormed(messageText(body, { defaultAlphabet }))
    const shifts = { locking: this.#below(LANGUAGES), single: this.#below(LANGUAGES) }
    const options = { defaultAlphabet, shifts, fillBits: this.#below(7) }
    wellFormed(decodeText(this.#below(256), readUserData(body).octets, options))
  }

  #readReceipt(body: MessageBody): void {
    const receipt = parseReceipt(body, {
      byText: this.#random() < 0.5,
      preferText: this.#random() < 0.5,
      defaultAlphabet: this.#alphabet(),
    })
    if (!receipt) return
    this.#counts.receipts++
    for (const date of [receipt.submitDate, receipt.doneDate]) {
      const read = date === undefined ? undefined : readReceiptTime(date)
      if (read && Number.isNaN(read.getTime()))
        throw new Error(`${date} is read as an invalid date`)
    }
    receiptCount(receipt.sub)
    receiptCount(receipt.dlvrd)
    this.#matchId(receipt)
  }

  #matchId({ id }: Receipt): void {
    if (id === undefined) return
    const rule: MessageIdRule = {
      ignoreCase: this.#random() < 0.5,
      ignoreLeadingZeros: this.#random() < 0.5,
      ...notationOf('response', NOTATIONS[this.#below(3)]),
      ...notationOf('receipt', NOTATIONS[this.#below(3)]),
    }
    for (const candidate of messageIdCandidates(id, rule))
      if (!isSameMessageId(candidate, id, rule))
        throw new Error(`${candidate} is a candidate for ${id} but does not match it`)
  }

  #join(source: string, destination: string, body: MessageBody, item: number): void {
    this.#nowMs += this.#below(PAUSE_MS_MAX)
    this.#held.add(item)
    const outcome = this.#reassembler.add(source, destination, readUserData(body), item)
    if (outcome.kind === 'duplicate') this.#held.delete(item)
    if (outcome.kind === 'whole') {
      if (outcome.parts.length > 1) this.#counts.joined++
      this.#handedOut(outcome.parts)
      wellFormed(joinText(outcome.parts, { defaultAlphabet: this.#alphabet() }))
    }
    const { octets } = this.#reassembler
    if (octets > OCTETS_MAX) throw new Error(`the Reassembler holds ${octets} octets`)
  }

  #handedOut(parts: readonly { readonly item: number }[]): void {
    for (const { item } of parts)
      if (!this.#held.delete(item)) throw new Error(`part ${item} was handed out twice`)
  }

  #alphabet(): Alphabet {
    return ALPHABETS[this.#below(ALPHABETS.length)] ?? 'gsm'
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }
}

function notationOf(of: 'response' | 'receipt', notation: MessageIdRule['response']) {
  return notation && { [of]: notation }
}

function wellFormed(text: string): void {
  if (!text.isWellFormed()) throw new Error(`${JSON.stringify(text)} is not well-formed`)
}
