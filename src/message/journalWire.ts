// The events that workers publish on the queue `journal`. An event may be applied repeatedly, and
// events may be applied in any order. Therefore each event contains enough to create the message's
// row. The journal also holds the envelopes that the router published. queue/journalEntryWire.ts
// reads both kinds of entry.

import type { CarriedId } from './upstreamIdKey.ts'
import { carriedIdFrom, messageFrom, messageRow } from './messageWire.ts'
import type { EnvelopeMessage, MessageRow } from './messageWire.ts'
import { type Repeats, repeatsFrom, type RepeatsRow, repeatsRow } from './repeats.ts'
import { asRow, expectFormat, WireError, pack } from './msgpackWire.ts'

export const JOURNAL_QUEUE = 'journal'

interface EventOfMessage {
  message: EnvelopeMessage
  connector: string
  /** The time of the event according to the worker's clock, in ms since the epoch. */
  atMs: number
  /**
   * Counts the submissions of this attempt after which the message was submitted again. Older
   * versions neither write nor read this field.
   */
  repeats?: Repeats
}

/**
 * The SMSC accepted the message and gave it an id. `atMs` is when the message was written to the
 * socket.
 */
export interface SubmittedEvent extends EventOfMessage, CarriedId {
  kind: 'submitted'
  /**
   * The number of the segment of a long message. It is always 0, because each message is one
   * segment.
   */
  segment: number
}
/**
 * The message will not be sent again. It was refused, its attempts ran out, or its answer was lost
 * with the link.
 */
export interface FailedEvent extends EventOfMessage {
  kind: 'failed'
  commandStatus: number
  reason: string
}
/**
 * The message waits for another attempt. If `dueAtMs` is not after `atMs`, the message was sent
 * again immediately.
 */
export interface DeferredEvent extends EventOfMessage {
  kind: 'deferred'
  commandStatus: number
  dueAtMs: number
}
/** The message's validity ended while it waited. It will not be submitted again. */
export interface ExpiredEvent extends EventOfMessage {
  kind: 'expired'
}
/** An operator moved the waiting message from the connector `from` to `connector`. */
export interface MovedEvent extends EventOfMessage {
  kind: 'moved'
  from: string
}
export type JournalEvent = SubmittedEvent | FailedEvent | DeferredEvent | ExpiredEvent | MovedEvent

const FORMAT = { name: 'journal events', tag: 'J', version: 1 } as const
const KINDS = ['submitted', 'failed', 'deferred', 'expired', 'moved'] as const

/**
 * Only a `submitted` event has a `key`: the lookup key of the id that the SMSC assigned, if the key
 * differs from that id.
 */
type Row = [
  kind: number,
  message: MessageRow,
  connector: string,
  atMs: number,
  detail: string,
  number: number,
  key?: string | null,
  repeats?: RepeatsRow,
]

export function encodeEvents(events: readonly JournalEvent[]): Buffer {
  return pack([FORMAT.tag, FORMAT.version, events.map(rowOf)])
}

/**
 * Reads the events of an unpacked entry. Throws WireError if they are invalid, and NewerVersion if
 * a newer release wrote them.
 */
export function eventsFrom(unpacked: unknown): JournalEvent[] {
  const fields = asRow(unpacked)
  expectFormat(fields, FORMAT)
  return asRow(fields[2]).map(eventFrom)
}

function rowOf(event: JournalEvent): Row {
  const row = factsRow(event)
  if (!event.repeats) return row
  const [kind, message, connector, atMs, detail, number, key = null] = row
  return [kind, message, connector, atMs, detail, number, key, repeatsRow(event.repeats)]
}

/**
 * The meaning of `detail` and `number` depends on the kind of event. eventFrom is the inverse
 * function.
 */
function factsRow(event: JournalEvent): Row {
  const kind = KINDS.indexOf(event.kind)
  const message = messageRow(event.message)
  const { connector, atMs } = event
  switch (event.kind) {
    case 'submitted':
      return event.idKey === undefined
        ? [kind, message, connector, atMs, event.upstreamId, event.segment]
        : [kind, message, connector, atMs, event.upstreamId, event.segment, event.idKey]
    case 'failed':
      return [kind, message, connector, atMs, event.reason, event.commandStatus]
    case 'deferred':
      return [kind, message, connector, atMs, String(event.dueAtMs), event.commandStatus]
    case 'expired':
      return [kind, message, connector, atMs, '', 0]
    case 'moved':
      return [kind, message, connector, atMs, event.from, 0]
  }
}

function eventFrom(fields: unknown): JournalEvent {
  // These fields were written by rowOf. Values that the database checks are not checked here.
  const [kindIndex, row, connector, atMs, detail, number, key, repeats] = asRow(fields) as Row
  // These values were written by repeatsRow. The database rejects any other values.
  const again = repeats && { repeats: repeatsFrom(asRow(repeats) as RepeatsRow) }
  const base = { message: messageFrom(row), connector, atMs, ...again }
  switch (KINDS[kindIndex]) {
    case 'submitted':
      return { ...base, kind: 'submitted', ...carriedIdFrom(detail, key), segment: number }
    case 'failed':
      return { ...base, kind: 'failed', reason: detail, commandStatus: number }
    case 'deferred':
      return { ...base, kind: 'deferred', dueAtMs: Number(detail), commandStatus: number }
    case 'expired':
      return { ...base, kind: 'expired' }
    case 'moved':
      return { ...base, kind: 'moved', from: detail }
    default:
      throw new WireError(`unknown kind of journal event: ${kindIndex}`)
  }
}
