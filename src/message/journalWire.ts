// Events from workers on the queue `journal`. Events apply in any order and repeatedly, so each
// carries enough to create the message's row. The journal's other entries are the envelopes that
// the router published: queue/journalEntryWire.ts reads both.

import type { CarriedId } from './upstreamIdKey.ts'
import { carriedIdFrom, messageFrom, messageRow } from './messageWire.ts'
import type { EnvelopeMessage, MessageRow } from './messageWire.ts'
import { type Repeats, repeatsFrom, type RepeatsRow, repeatsRow } from './repeats.ts'
import { asRow, WireError, pack, wireText } from './msgpackWire.ts'

export const JOURNAL_QUEUE = 'journal'

interface EventOfMessage {
  message: EnvelopeMessage
  connector: string
  /** The worker's time of the event, ms since the epoch. */
  atMs: number
  /** Submissions of this attempt that were repeated. Older versions neither write nor read it. */
  repeats?: Repeats
}

/** The SMSC took it and named it. `atMs` is when it was written to the socket. */
export interface SubmittedEvent extends EventOfMessage, CarriedId {
  kind: 'submitted'
  /** Which part of a long message; 0 while a message is one segment. */
  segment: number
}
/** The message will not be sent: refused for good, out of attempts, or lost with the link. */
export interface FailedEvent extends EventOfMessage {
  kind: 'failed'
  commandStatus: number
  reason: string
}
/** The message waits for another attempt. If `dueAtMs` is not after `atMs`, it was sent at once. */
export interface DeferredEvent extends EventOfMessage {
  kind: 'deferred'
  commandStatus: number
  dueAtMs: number
}
/** Its validity ended while it waited. It will not be sent, or not again. */
export interface ExpiredEvent extends EventOfMessage {
  kind: 'expired'
}
/** An operator moved it while it waited. `connector` is the one that it waits for now. */
export interface MovedEvent extends EventOfMessage {
  kind: 'moved'
  from: string
}
export type JournalEvent = SubmittedEvent | FailedEvent | DeferredEvent | ExpiredEvent | MovedEvent

const VERSION = 1
const EVENTS_TAG = 'J'
const KINDS = ['submitted', 'failed', 'deferred', 'expired', 'moved'] as const

/** The key, of `submitted` only, is that of its id, where that is not the id itself. */
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
  return pack([EVENTS_TAG, VERSION, events.map(rowOf)])
}

/** The events of an unpacked entry. Throws WireError unless it holds events of this version. */
export function eventsFrom(unpacked: unknown): JournalEvent[] {
  // The tag and version are checked before the rest is believed.
  const [tag, version, rows] = asRow(unpacked) as [string, number, unknown]
  if (tag !== EVENTS_TAG || version !== VERSION)
    throw new WireError(
      `not a journal entry this version reads: ${wireText(tag)} ${wireText(version)}`,
    )
  return asRow(rows).map(eventFrom)
}

function rowOf(event: JournalEvent): Row {
  const row = factsRow(event)
  if (!event.repeats) return row
  const [kind, message, connector, atMs, detail, number, key = null] = row
  return [kind, message, connector, atMs, detail, number, key, repeatsRow(event.repeats)]
}

/** `detail` and `number` mean what the kind says: see eventFrom, which reads them back. */
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
  // Written by rowOf; what the store checks anyway is left to it.
  const [kindIndex, row, connector, atMs, detail, number, key, repeats] = asRow(fields) as Row
  // As repeatsRow wrote it, or something that the store refuses.
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
      throw new WireError(`journal event kind ${kindIndex}`)
  }
}
