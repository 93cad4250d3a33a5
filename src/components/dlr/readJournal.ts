import type { MessageEvent } from '../../message/changesFrom.ts'
import { decodeJournal } from '../../queue/journalEntryWire.ts'

/**
 * Decodes the events of one journal entry. For an envelope these are an `accepted` event for each
 * of its messages. Throws WireError if this version cannot read the entry.
 */
export function readJournal(payload: Buffer): MessageEvent[] {
  const entry = decodeJournal(payload)
  if (entry.kind === 'events') return entry.events
  const { connector, messages } = entry.envelope
  return messages.map((message) => ({ kind: 'accepted', message, connector }))
}
