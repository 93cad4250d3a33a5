// Describes the contents of a dead letter to an operator, and decides whether the letter can be
// redriven, which means published to its queue again. The description never includes the texts of
// messages.

import { JOURNAL_QUEUE } from '../message/journalWire.ts'
import type { EnvelopeMessage } from '../message/messageWire.ts'
import { wireText } from '../message/msgpackWire.ts'
import { reasonText } from '../message/reasonText.ts'
import { decodeReceipts, DLR_QUEUE } from '../message/receiptWire.ts'
import { decodeEnvelope, type Envelope, SUBMIT_QUEUES } from './envelopeWire.ts'
import { decodeJournal } from './journalEntryWire.ts'
import type { DeadLetter } from './queue.ts'

/**
 * A message, event or receipt in a dead letter. Fields that its payload lacks are missing. The
 * payload may be malformed, so no field is trusted to have the type that its wire format gives it.
 */
export interface DeadLetterItem {
  /** `message`, `receipt`, or the kind of a journal event, such as `submitted`. */
  readonly kind: string
  readonly messageId?: string | undefined
  readonly account?: string | undefined
  readonly connector?: string | undefined
  readonly upstreamId?: string | undefined
  /** When the message was accepted, the event happened or the receipt was read. */
  readonly at?: Date | undefined
}

export type DeadLetterContent =
  | { kind: 'envelope'; envelopeId: string; items: readonly DeadLetterItem[] }
  | { kind: 'events' | 'receipts'; items: readonly DeadLetterItem[] }
  | { kind: 'unreadable'; error: string }

type Payload = Pick<DeadLetter, 'queue' | 'payload'>

/** Whether `queue` is a submit queue. Each lane of each connector has one. */
export function isSubmitQueue(queue: string): boolean {
  return queue.startsWith(SUBMIT_QUEUES)
}

/** Whether the consumers of this queue can process its dead letters after a redrive. */
export function isRedrivable(queue: string): boolean {
  return isSubmitQueue(queue) || queue === JOURNAL_QUEUE || queue === DLR_QUEUE
}

export function deadLetterContent(letter: Payload): DeadLetterContent {
  try {
    return decoded(letter)
  } catch (error) {
    return { kind: 'unreadable', error: reasonText(String(error)) }
  }
}

/** The number of messages, events or receipts in a payload; 1 if it is unreadable. */
export function itemsIn(content: DeadLetterContent): number {
  return content.kind === 'unreadable' ? 1 : content.items.length
}

function decoded({ payload, queue }: Payload): DeadLetterContent {
  if (isSubmitQueue(queue)) return envelopeContent(decodeEnvelope(payload))
  if (queue === DLR_QUEUE) return { kind: 'receipts', items: receiptItems(payload) }
  if (queue !== JOURNAL_QUEUE) throw new Error(`the payloads of ${queue} have an unknown format`)
  const entry = decodeJournal(payload)
  if (entry.kind === 'accepted') return envelopeContent(entry.envelope)
  const items = entry.events.map(({ atMs, connector, kind, message }) => ({
    ...messageItem(kind, connector, message),
    at: timeOf(atMs),
  }))
  return { kind: 'events', items }
}

function envelopeContent({ connector, envelopeId, messages }: Envelope): DeadLetterContent {
  const items = messages.map((message) => messageItem('message', connector, message))
  return { kind: 'envelope', envelopeId, items }
}

function receiptItems(payload: Buffer): DeadLetterItem[] {
  return decodeReceipts(payload).map(({ connector, message, receivedAtMs, upstreamId }) => ({
    kind: 'receipt',
    messageId: textOf(message?.messageId),
    account: textOf(message?.account),
    connector: textOf(connector),
    upstreamId: textOf(upstreamId),
    at: timeOf(receivedAtMs),
  }))
}

function messageItem(
  kind: string,
  connector: unknown,
  { acceptedAtMs, account, messageId }: EnvelopeMessage,
): DeadLetterItem {
  return {
    kind,
    messageId: textOf(messageId),
    account: textOf(account),
    connector: textOf(connector),
    at: timeOf(acceptedAtMs),
  }
}

function textOf(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : reasonText(wireText(value))
}

function timeOf(atMs: unknown): Date | undefined {
  const at = new Date(typeof atMs === 'number' ? atMs : Number.NaN)
  return Number.isNaN(at.getTime()) ? undefined : at
}
