import type { MessageEvent } from '../../message/changesFrom.ts'
import { decodeJournal } from '../../queue/journalEntryWire.ts'

/**
 * The events that one entry of the journal reports; an envelope reports that each of its messages
 * was accepted. Throws WireError if this version cannot read the entry.
 */
export function readJournal(payload: Buffer): MessageEvent[] {
  const entry = decodeJournal(payload)
  if (entry.kind === 'events') return entry.events
  const { connector, messages } = entry.envelope
  return messages.map((message) => ({ kind: 'accepted', message, connector }))
}
