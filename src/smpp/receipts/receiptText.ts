// Writes receipts as an SMSC does: the "typical" text of SMPP 3.4 appendix B, in the styles that
// ESMEs expect, and the TLVs with the same contents (5.0 §4.8.4.37, .47).

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
  /** The number of short messages submitted, written with at least three digits. */
  readonly sub: number
  /** The number of them delivered, written with at least three digits. */
  readonly dlvrd: number
  /** When the message was submitted. */
  readonly submitDate: Date
  /** When it reached its state. */
  readonly doneDate: Date
  /**
   * Written as `stat` and as the TLV message_state. A state that is not final makes the receipt an
   * intermediate notification.
   */
  readonly messageState: MessageState
  /** Written with at least three characters: `000` for no error. */
  readonly err: string
  /** The message; its first 20 characters are written unless the style says otherwise. */
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

/** The format of a receipt. Defaults are those of appendix B. */
export interface ReceiptStyle {
  /** The labels, in this order. */
  readonly labels?: readonly ReceiptLabel[]
  /** Appendix B prints `Text` once, and some ESMEs look for it. */
  readonly textLabel?: 'text' | 'Text'
  /** The maximum length of the text, in characters; default 20. */
  readonly textCharactersMax?: number
  /** Default `YYMMDDhhmm`. */
  readonly dates?: ReceiptTimeFormat
  /** The time zone of the dates, in minutes east of UTC. */
  readonly utcOffsetMinutes?: number
  /** `DELIVRD` or `DELIVERED`. */
  readonly stat?: 'short' | 'full'
  /** Default `latin1`, under data_coding 0; `ucs2` under 8. */
  readonly alphabet?: 'latin1' | 'ucs2'
  /** Without receipted_message_id and message_state: SMPP 3.3 has no TLVs. */
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

/** Named styles. */
export const RECEIPT_STYLES = {
  appendixB: {},
  /** Without counts and text. */
  brief: { labels: ['id', 'submit date', 'done date', 'stat', 'err'] },
  seconds: { dates: 'YYMMDDhhmmss' },
  smpp33: { withoutTlvs: true },
} as const satisfies Readonly<Record<string, ReceiptStyle>>

const TEXT_CHARACTERS_MAX = 20
/** SMPP 3.4 §5.2.21. */
const SHORT_MESSAGE_OCTETS_MAX = 254

/**
 * The fields of a deliver_sm with this receipt (SMPP 3.4 §4.6.1, appendix B), except for the
 * addresses, which are the message's, swapped. A text of more than 254 octets goes into
 * message_payload. Throws PduError if the id has more than 64 characters.
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
 * The text of a receipt (SMPP 3.4 appendix B). By default it is Latin-1, with `?` for characters
 * that this lacks and for control characters, which would break the format.
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

/** Keeps whole characters. None has more than two UTF-16 units. */
function beginningOf(text: string, charactersMax: number): string {
  const beginning = text.slice(0, charactersMax)
  if (/^[\x20-\x7e]*$/.test(beginning)) return beginning
  return Array.from(text.slice(0, charactersMax * 2))
    .slice(0, charactersMax)
    .join('')
    .replace(/\p{Cc}/gu, '?')
}
