// Publishes the events of outcomes in one request. If the queue permanently refuses the request,
// the request is halved until the refused event is found, and all other events are published.

import { type Harmful, isolateHarm } from '../../flow/isolateHarm.ts'
import { slicesWithin } from '../../flow/slicesWithin.ts'
import { encodeEvents, JOURNAL_QUEUE, type JournalEvent } from '../../message/journalWire.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import type { Publication } from '../../queue/queue.ts'
import type { EnvelopeWork } from './envelopeWork.ts'

/** An outcome to publish as an event in the journal. */
export interface Report {
  work: EnvelopeWork
  message: EnvelopeMessage
  outcome: Outcome
  /** True if the outcome does not change the envelope, which may already be settled. */
  isLate?: boolean
}

/** The most events in one journal envelope. */
const MAX_EVENTS = 250
/** The most octets of message bodies in one journal envelope. A larger message gets its own. */
const MAX_OCTETS = 128 * 1_024

/**
 * Publishes the events. Resolves to the events that the queue refused, each with its error.
 *
 * @param publish resolves to the error if the queue permanently refuses the publications
 */
export function publishEvents(
  reports: readonly Report[],
  publish: (publications: readonly Publication[]) => Promise<Error | undefined>,
): Promise<Harmful<Report>[]> {
  return isolateHarm(reports, (some) => publish(publicationsOf(some)))
}

function publicationsOf(reports: readonly Report[]): Publication[] {
  const groups = slicesWithin(
    reports,
    { items: MAX_EVENTS, octets: MAX_OCTETS },
    ({ message }) => message.body.length,
  )
  return groups.map((some) => ({
    queue: JOURNAL_QUEUE,
    payload: encodeEvents(some.map(eventOf)),
    messages: some.length,
  }))
}

function eventOf({ work, message, outcome }: Report): JournalEvent {
  const { connector } = work.envelope
  switch (outcome.kind) {
    case 'submitted':
      return { ...outcome, connector, message, segment: 0 }
    case 'moved':
      return { kind: 'moved', atMs: outcome.atMs, connector: outcome.to, from: connector, message }
    default:
      return { ...outcome, connector, message }
  }
}
