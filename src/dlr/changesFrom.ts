import { decodeJournal, type JournalEntry, type JournalEvent } from '../contract/journal.ts'
import { RANK_FINAL } from '../domain/messageProgress.ts'
import { MESSAGE_STATE } from '../smpp/index.ts'
import type { MessageFacts, Transition } from '../store/messages.ts'
import type { UpstreamIdRow } from '../store/upstreamIds.ts'
import { factsOf, type StateChanges } from './stateWriter.ts'

/** Turns what lay on the journal into what is to be written. */
export function changesFrom(payloads: readonly Buffer[]): StateChanges {
  const facts: MessageFacts[] = []
  const upstreamIds: UpstreamIdRow[] = []
  const transitions: Transition[] = []
  for (const event of payloads.map(decodeJournal).flatMap(eventsOf)) {
    const fact = factsOf(event.message, event.connector)
    switch (event.kind) {
      case 'accepted':
      case 'deferred':
        facts.push(fact)
        break
      case 'submitted':
        facts.push({ ...fact, submittedAtMs: event.atMs, upstreamId: event.upstreamId })
        upstreamIds.push({
          connector: event.connector,
          upstreamId: event.upstreamId,
          segment: event.segment,
          messageId: fact.messageId,
          destination: fact.destinationAddr,
          submittedAtMs: event.atMs,
        })
        break
      case 'failed':
        facts.push(fact)
        transitions.push({
          messageId: fact.messageId,
          state: MESSAGE_STATE.UNDELIVERABLE,
          rank: RANK_FINAL,
          error: event.reason,
          commandStatus: event.commandStatus,
          doneAtMs: event.atMs,
        })
    }
  }
  return { facts, upstreamIds, transitions }
}

type AcceptedEvent = Pick<JournalEvent, 'message' | 'connector'> & { kind: 'accepted' }

function eventsOf(entry: JournalEntry): (JournalEvent | AcceptedEvent)[] {
  if (entry.kind === 'events') return entry.events
  const { connector, messages } = entry.envelope
  return messages.map((message) => ({ kind: 'accepted', message, connector }))
}
