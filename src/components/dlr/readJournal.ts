import type { MessageEvent } from '../../message/changesFrom.ts'
import { decodeJournal } from '../../queue/journalEntryWire.ts'

/**
 * Decodes the events of one journal entry. An entry that holds an envelope yields one `accepted`
 * event for each message of the envelope. Throws WireError if the entry is malformed or has an
 * unknown format.
 */
export function readJournal(payload: Buffer): MessageEvent[] {
  const entry = decodeJournal(payload)
  if (entry.kind === 'events') return entry.events
  const { connector, messages } = entry.envelope
  return messages.map((message) => ({ kind: 'accepted', message, connector }))
}
