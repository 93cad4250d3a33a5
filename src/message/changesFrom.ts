import { MESSAGE_STATE } from '../smpp/receipts/messageState.ts'
import type { JournalEvent } from './journalWire.ts'
import { RANK_FINAL, RANK_UNCERTAIN } from './messageProgress.ts'
import {
  factsOf,
  type MessageFacts,
  type StateChanges,
  type Transition,
  type UpstreamIdRow,
} from './stateChanges.ts'

/** An event of a worker, or the router's acceptance of a message. */
export type MessageEvent = JournalEvent | AcceptedEvent

type AcceptedEvent = Pick<JournalEvent, 'message' | 'connector'> & { kind: 'accepted' }

/** The changes that these events ask for. */
export function changesFrom(events: readonly MessageEvent[]): StateChanges {
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
          // No command_status means no refusal: the link was lost before the answer.
          rank: event.commandStatus === 0 ? RANK_UNCERTAIN : RANK_FINAL,
          error: event.reason,
          commandStatus: event.commandStatus,
          doneAtMs: event.atMs,
        })
    }
  }
  return { facts, upstreamIds, transitions }
}
