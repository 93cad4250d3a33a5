// An entry of the queue `journal` is either the events of a worker or an envelope exactly as the
// router published it. Such an envelope records that each of its messages was accepted.

import { eventsFrom, type JournalEvent } from '../message/journalWire.ts'
import { asRow, unpack } from '../message/msgpackWire.ts'
import { type Envelope, ENVELOPE_FORMAT, envelopeFrom } from './envelopeWire.ts'

export type JournalEntry =
  | { kind: 'accepted'; envelope: Envelope }
  | { kind: 'events'; events: JournalEvent[] }

/** Throws WireError if the octets are invalid, and NewerVersion if a newer release wrote them. */
export function decodeJournal(octets: Uint8Array): JournalEntry {
  const unpacked = unpack(octets)
  const [tag] = asRow(unpacked)
  if (tag === ENVELOPE_FORMAT.tag) return { kind: 'accepted', envelope: envelopeFrom(unpacked) }
  return { kind: 'events', events: eventsFrom(unpacked) }
}
