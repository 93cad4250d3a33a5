// Writes receipts as an SMSC does. The text is the "typical" one of SMPP 3.4 appendix B, in the
// styles that ESMEs expect. The TLVs have the same contents (5.0 §4.8.4.37 and §4.8.4.47).

import { messageStateName, statOf, type MessageState } from './messageState.ts'
import { writeReceiptTime, type ReceiptTimeFormat } from './receiptTime.ts'
import { RANK_UNCERTAIN, rankOf } from './stateRank.ts'
import { tlv } from '../wire/tlv.ts'
import type { MessageBody } from '../text/userData.ts'
import { DATA_CODING } from '../wire/values/dataCoding.ts'
import { MESSAGE_TYPE } from '../wire/values/messageFields.ts'

/** The contents of a receipt (SMPP 3.4 appendix B). */
export interface ReceiptFields {
  /** The message_id of the submit_sm_resp, at most 64 characters. */
  readonly id: string
  /** The number of submitted short messages, written with at least three digits. */
  readonly sub: number
  /** The number of delivered short messages, written with at least three digits. */
  readonly dlvrd: number
  /** The time at which the message was submitted. */
  readonly submitDate: Date
  /** The time at which the message reached its state. */
  readonly doneDate: Date
  /**
   * The state, written as `stat` and as the TLV message_state. If the state is an interim one, the
   * receipt is an intermediate notification.
   */
  readonly messageState: MessageState
  /** The error code, written with at least three characters: `000` for no error. */
  readonly err: string
  /** The text of the message. Its first 20 characters are written unless the style differs. */
  readonly text: string
}

/** The labels of appendix B. */
export type ReceiptLabel =
  | 'id'
  | 'sub'
  | 'dlvrd'
  | 'submit date'
  | 'done date'
  | 'stat'
  | 'err'
  | 'text'

/** The format of a receipt. The defaults are those of appendix B. */
export interface ReceiptStyle {
  /** The labels to write, in this order. Default: all labels of appendix B. */
  readonly labels?: readonly ReceiptLabel[]
  /** The label of the text. Appendix B has `Text` in one place, and some ESMEs expect that. */
  readonly textLabel?: 'text' | 'Text'
  /** The maximum length of the quoted text, in characters. Default: 20. */
  readonly textCharactersMax?: number
  /** The format of the dates. Default: `YYMMDDhhmm`. */
  readonly dates?: ReceiptTimeFormat
  /** The offset of the dates from UTC, in minutes east. Default: 0. */
  readonly utcOffsetMinutes?: number
  /** How the state is written: `DELIVRD` (short, the default) or `DELIVERED` (full). */
  readonly stat?: 'short' | 'full'
  /** The encoding: `latin1` with data_coding 0 (the default), or `ucs2` with data_coding 8. */
  readonly alphabet?: 'latin1' | 'ucs2'
  /** Omits receipted_message_id and message_state, because SMPP 3.3 has no TLVs. */
  readonly withoutTlvs?: boolean
}

const APPENDIX_B = [
  'id',
  'sub',
  'dlvrd',
  'submit date',
  'done date',
  'stat',
  'err',
  'text',
] as const satisfies readonly ReceiptLabel[]

/** Ready-made styles. */
export const RECEIPT_STYLES = {
  appendixB: {},
  /** Omits the counts and the text. */
  brief: { labels: ['id', 'submit date', 'done date', 'stat', 'err'] },
  seconds: { dates: 'YYMMDDhhmmss' },
  smpp33: { withoutTlvs: true },
} as const satisfies Readonly<Record<string, ReceiptStyle>>

const TEXT_CHARACTERS_MAX = 20
/** The limit of SMPP 3.4 §5.2.21. */
const SHORT_MESSAGE_OCTETS_MAX = 254

/**
 * Returns the fields of a deliver_sm with this receipt (SMPP 3.4 §4.6.1, appendix B), except for
 * the addresses. The source of a receipt is the destination of the message, and its destination is
 * the source of the message. A text of more than 254 octets is put into message_payload. Throws
 * PduError if the id has more than 64 characters.
 */
export function receiptBody(
  fields: ReceiptFields,
  style: ReceiptStyle = {},
): Required<MessageBody> {
  const { id, messageState } = fields
  const octets = receiptText(fields, style)
  const isLong = octets.length > SHORT_MESSAGE_OCTETS_MAX
  const said = style.withoutTlvs
    ? []
    : [tlv('receipted_message_id', id), tlv('message_state', messageState)]
  return {
    esm_class:
      rankOf(messageState) < RANK_UNCERTAIN
        ? MESSAGE_TYPE.INTERMEDIATE_NOTIFICATION
        : MESSAGE_TYPE.DELIVERY_RECEIPT,
    data_coding: style.alphabet === 'ucs2' ? DATA_CODING.UCS2 : DATA_CODING.MC_DEFAULT,
    short_message: isLong ? Buffer.alloc(0) : octets,
    tlvs: isLong ? [...said, tlv('message_payload', octets)] : said,
  }
}

/**
 * Writes the text of a receipt (SMPP 3.4 appendix B). In Latin-1, the default, characters outside
 * that alphabet become `?`. Control characters in the message also become `?`, because they would
 * break the format.
 */
export function receiptText(fields: ReceiptFields, style: ReceiptStyle = {}): Buffer {
  const { labels = APPENDIX_B, textLabel = 'text' } = style
  const line = labels
    .map((label) => `${label === 'text' ? textLabel : label}:${valueOf(label, fields, style)}`)
    .join(' ')
  return style.alphabet === 'ucs2'
    ? Buffer.from(line, 'utf16le').swap16()
    : Buffer.from(line.replace(/[^\x20-\x7e\xa0-\xff]/gu, '?'), 'latin1')
}

function valueOf(label: ReceiptLabel, fields: ReceiptFields, style: ReceiptStyle): string {
  const { dates = 'YYMMDDhhmm', utcOffsetMinutes = 0 } = style
  switch (label) {
    case 'id':
      return fields.id
    case 'sub':
    case 'dlvrd':
      return String(fields[label]).padStart(3, '0')
    case 'submit date':
      return writeReceiptTime(fields.submitDate, dates, utcOffsetMinutes)
    case 'done date':
      return writeReceiptTime(fields.doneDate, dates, utcOffsetMinutes)
    case 'stat':
      return style.stat === 'full'
        ? messageStateName(fields.messageState)
        : statOf(fields.messageState)
    case 'err':
      return fields.err.padStart(3, '0')
    case 'text':
      return beginningOf(fields.text, style.textCharactersMax ?? TEXT_CHARACTERS_MAX)
  }
}

/** The first `charactersMax` characters. A character has one or two UTF-16 units. */
function beginningOf(text: string, charactersMax: number): string {
  const beginning = text.slice(0, charactersMax)
  if (/^[\x20-\x7e]*$/.test(beginning)) return beginning
  return Array.from(text.slice(0, charactersMax * 2))
    .slice(0, charactersMax)
    .join('')
    .replace(/\p{Cc}/gu, '?')
}
