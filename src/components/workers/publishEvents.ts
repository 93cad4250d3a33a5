// Publishes the events of outcomes in one request. When the queue refuses them for good, they are
// halved until the harmful event is alone; all others are published.

import { type Harmful, isolateHarm } from '../../flow/isolateHarm.ts'
import { slicesWithin } from '../../flow/slicesWithin.ts'
import { encodeEvents, JOURNAL_QUEUE, type JournalEvent } from '../../message/journalWire.ts'
import type { EnvelopeMessage } from '../../message/messageWire.ts'
import type { Outcome } from '../../message/outcomeWire.ts'
import type { Publication } from '../../queue/queue.ts'
import type { EnvelopeWork } from './envelopeWork.ts'

/** The journal shall hear of this outcome. */
export interface Report {
  work: EnvelopeWork
  message: EnvelopeMessage
  outcome: Outcome
  /** It changes nothing about the envelope, which may be settled already. */
  isLate?: boolean
}

/** Events in one journal envelope. */
const MAX_EVENTS = 250
/** Octets of the messages that these carry. A larger message has an envelope of its own. */
const MAX_OCTETS = 128 * 1_024

/** @param publish answers the error if the queue refuses these publications for good */
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
