// Delivery receipts (SMPP 3.4 appendix B and 5.0 §4.8.4.58). The text of a receipt is whatever its
// SMSC writes, so it is read by labels in any order and case, the first of each counts, and all
// values stay the strings they were: ids are opaque, `err` may be hex or letters. The TLVs
// receipted_message_id and message_state win over the text.

import { messageStateOf, isMessageState, statOf, type MessageState } from './messageState.ts'
import type { ShortMessageBody } from './pduTable.ts'
import { decodeText } from './decodeText.ts'
import { readTlv } from './tlv.ts'

export interface Receipt {
  /** As the submit response gave it, in the SMSC's spelling; an empty one is undefined. */
  readonly id: string | undefined
  readonly messageState: MessageState | undefined
  readonly err: string | undefined
  readonly submitDate: string | undefined
  readonly doneDate: string | undefined
  readonly text: string | undefined
  readonly sub: string | undefined
  readonly dlvrd: string | undefined
  readonly stat: string | undefined
}

const TYPE_MASK = 0x3c
const MC_DELIVERY_RECEIPT = 0x04
const INTERMEDIATE_NOTIFICATION = 0x20
const UDHI = 0x40

/**
 * Undefined when it is no receipt (a message of a subscriber). Told by esm_class alone, unless
 * `byText` also takes messages that look like one: some SMSCs do not set esm_class, but with it any
 * subscriber can forge receipts.
 */
export function parseReceipt(
  body: ShortMessageBody,
  options: { readonly byText?: boolean } = {},
): Receipt | undefined {
  const type = body.esm_class & TYPE_MASK
  const isReceipt = type === MC_DELIVERY_RECEIPT || type === INTERMEDIATE_NOTIFICATION
  if (!isReceipt && !options.byText) return undefined
  const labels = readLabels(receiptTextOf(body))
  if (!isReceipt && !looksLikeReceipt(labels)) return undefined
  const state = readTlv(body.tlvs, 'message_state')
  const stat = labels.get('stat')
  return {
    id: readTlv(body.tlvs, 'receipted_message_id') || labels.get('id') || undefined,
    messageState: isMessageState(state)
      ? state
      : stat === undefined
        ? undefined
        : messageStateOf(stat),
    err: labels.get('err') ?? networkError(body),
    submitDate: labels.get('submit date'),
    doneDate: labels.get('done date'),
    text: labels.get('text'),
    sub: labels.get('sub'),
    dlvrd: labels.get('dlvrd'),
    stat,
  }
}

function looksLikeReceipt(labels: ReadonlyMap<Label, string>): boolean {
  return (
    labels.has('id') && labels.has('stat') && (labels.has('submit date') || labels.has('done date'))
  )
}

/** The 16 bits of network_error_code, which are no three digits, in decimal. */
function networkError(body: ShortMessageBody): string | undefined {
  const octets = readTlv(body.tlvs, 'network_error_code')
  return octets && String(octets.readUInt16BE(1))
}

function receiptTextOf(body: ShortMessageBody): string {
  const whole =
    body.short_message.length > 0
      ? body.short_message
      : (readTlv(body.tlvs, 'message_payload') ?? body.short_message)
  const udhOctets = (body.esm_class & UDHI) === 0 ? 0 : (whole[0] ?? -1) + 1
  const octets = udhOctets <= whole.length ? whole.subarray(udhOctets) : whole
  // Labels are ASCII in every single-octet charset; Latin-1 keeps the octets of id and text.
  return body.data_coding === 8 ? decodeText(8, octets) : octets.toString('latin1')
}

type Label = 'id' | 'sub' | 'dlvrd' | 'submit date' | 'done date' | 'stat' | 'err' | 'text'

const LABELS: ReadonlyMap<string, Label> = new Map<string, Label>([
  ['id', 'id'],
  ['sub', 'sub'],
  ['dlvrd', 'dlvrd'],
  ['submit date', 'submit date'],
  ['submit_date', 'submit date'],
  ['done date', 'done date'],
  ['done_date', 'done date'],
  ['stat', 'stat'],
  ['err', 'err'],
  ['error', 'err'],
  ['text', 'text'],
])

// A label starts a word; its value may start with anything, also with a label's letters.
const LABEL = /(?<![A-Za-z0-9_])(submit[ _]date|done[ _]date|dlvrd|error|stat|text|sub|err|id):/gi

interface Mark {
  readonly label: Label
  readonly start: number
  readonly valueAt: number
}

function readLabels(text: string): ReadonlyMap<Label, string> {
  const marks = firstOfEach(text)
  const values = new Map<Label, string>()
  for (const [index, { label, valueAt }] of marks.entries()) {
    const raw = text.slice(valueAt, marks[index + 1]?.start ?? text.length)
    values.set(label, valueOf(label, raw, marks[index + 1] === undefined))
  }
  return values
}

/** `text:` takes the rest, which may itself hold labels, unless `stat:` is still to come. */
function firstOfEach(text: string): Mark[] {
  const marks: Mark[] = []
  const seen = new Set<Label>()
  for (const match of text.matchAll(LABEL)) {
    const label = LABELS.get(match[0].slice(0, -1).toLowerCase())
    if (label === undefined || seen.has(label)) continue
    seen.add(label)
    marks.push({ label, start: match.index, valueAt: match.index + match[0].length })
    if (label === 'text' && seen.has('stat')) break
  }
  return marks
}

function valueOf(label: Label, raw: string, isLast: boolean): string {
  if (label === 'text') return isLast ? raw.replace(/[\r\n\0]+$/, '') : raw.trim()
  const words = raw.trim().split(/\s+/)
  const [first = '', second = ''] = words
  // A date may be two words; what else follows a value is a label we do not know.
  const isTwoWords = label.endsWith('date') && /^\d+:/.test(second)
  return (isTwoWords ? `${first} ${second}` : first).replace(/[,.;\0]+$/, '')
}

export interface ReceiptFields {
  readonly id: string
  readonly sub: number
  readonly dlvrd: number
  readonly submitDate: Date
  readonly doneDate: Date
  readonly messageState: MessageState
  readonly err: string
  readonly text: string
}

const RECEIPT_TEXT_MAX = 20

/** Appendix B's text in Latin-1, dates in UTC, the first 20 characters of the message. */
export function receiptText(fields: ReceiptFields): Buffer {
  const { id, sub, dlvrd, submitDate, doneDate, messageState, err, text } = fields
  const line =
    `id:${id} sub:${digits3(sub)} dlvrd:${digits3(dlvrd)} submit date:${minute(submitDate)} ` +
    `done date:${minute(doneDate)} stat:${statOf(messageState)} err:${err.padStart(3, '0')} text:`
  const shown = Array.from(text)
    .slice(0, RECEIPT_TEXT_MAX)
    .join('')
    .replace(/[^\x20-\x7e\xa0-\xff]/gu, '?')
  return Buffer.from(line + shown, 'latin1')
}

function digits3(count: number): string {
  return String(count).padStart(3, '0')
}

/** YYMMDDhhmm */
function minute(date: Date): string {
  const iso = date.toISOString()
  return (
    iso.slice(2, 4) + iso.slice(5, 7) + iso.slice(8, 10) + iso.slice(11, 13) + iso.slice(14, 16)
  )
}
