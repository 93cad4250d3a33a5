import { decodeJournal, type JournalEvent } from '../../message/journalWire.ts'
import { RANK_FINAL, RANK_UNCERTAIN } from '../../message/messageProgress.ts'
import { MESSAGE_STATE } from '../../smpp/index.ts'
import type { MessageFacts, Transition } from '../../message/messageTable.ts'
import type { UpstreamIdRow } from '../../message/upstreamIdTable.ts'
import { factsOf, type StateChanges } from './stateWriter.ts'

/** What one entry of the journal tells; an envelope tells that its messages were accepted. */
export type Told = JournalEvent | AcceptedEvent

type AcceptedEvent = Pick<JournalEvent, 'message' | 'connector'> & { kind: 'accepted' }

/** Throws on what this version cannot read. */
export function readJournal(payload: Buffer): Told[] {
  const entry = decodeJournal(payload)
  if (entry.kind === 'events') return entry.events
  const { connector, messages } = entry.envelope
  return messages.map((message) => ({ kind: 'accepted', message, connector }))
}

/** Turns what the journal told into what is to be written. */
export function changesFrom(events: readonly Told[]): StateChanges {
  const facts: MessageFacts[] = []
  const upstreamIds: UpstreamIdRow[] = []
  const transitions: Transition[] = []
  for (const event of events) {
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
          // Without a command_status nobody refused it: the link was lost before the answer.
          rank: event.commandStatus === 0 ? RANK_UNCERTAIN : RANK_FINAL,
          error: event.reason,
          commandStatus: event.commandStatus,
          doneAtMs: event.atMs,
        })
    }
  }
  return { facts, upstreamIds, transitions }
}
