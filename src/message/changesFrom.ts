import { MESSAGE_STATE } from '../smpp/receipts/messageState.ts'
import { EXPIRED_WAITING } from './endOfLife.ts'
import type { ExpiredEvent, FailedEvent, JournalEvent, SubmittedEvent } from './journalWire.ts'
import { attemptOf, type MessageAttempt } from './messageAttempt.ts'
import { RANK_REFUSED, RANK_UNCERTAIN } from './messageProgress.ts'
import { comparableNumber } from './receiptMatch.ts'
import {
  factsOf,
  type MessageFacts,
  type Move,
  type StateChanges,
  type Transition,
  type UpstreamIdRow,
} from './stateChanges.ts'
import { upstreamIdKey } from './upstreamIdKey.ts'

/** A worker's journal event, or the router's acceptance of a message. */
export type MessageEvent = JournalEvent | AcceptedEvent

type AcceptedEvent = Pick<JournalEvent, 'message' | 'connector'> & { kind: 'accepted' }

/** Collects the database changes that these events require. */
export function changesFrom(events: readonly MessageEvent[]): StateChanges {
  const facts: MessageFacts[] = []
  const upstreamIds: UpstreamIdRow[] = []
  const submittedFacts: MessageFacts[] = []
  const transitions: Transition[] = []
  const moves: Move[] = []
  const attempts: MessageAttempt[] = []
  for (const event of events) {
    const fact = factsOf(event.message, event.connector)
    const attempt = event.kind === 'accepted' ? undefined : attemptOf(event)
    if (attempt) attempts.push(attempt)
    switch (event.kind) {
      case 'accepted':
      case 'deferred':
        facts.push(fact)
        break
      case 'submitted':
        submittedFacts.push(fact)
        upstreamIds.push(upstreamIdRow(event, fact))
        break
      case 'failed':
      case 'expired':
        facts.push(fact)
        transitions.push(endOf(event))
        break
      case 'moved':
        facts.push(fact)
        moves.push({
          messageId: fact.messageId,
          from: event.from,
          to: event.connector,
          atMs: event.atMs,
        })
    }
  }
  return { facts, upstreamIds, submittedFacts, transitions, moves, attempts }
}

/** The transition to a final state that a worker decided on without a receipt. */
function endOf(event: FailedEvent | ExpiredEvent): Transition {
  const end = {
    messageId: event.message.messageId,
    stat: undefined,
    endedBy: undefined,
    doneAtMs: event.atMs,
  }
  if (event.kind === 'expired')
    return {
      ...end,
      state: MESSAGE_STATE.EXPIRED,
      rank: RANK_REFUSED,
      error: EXPIRED_WAITING,
      commandStatus: undefined,
    }
  return {
    ...end,
    state: MESSAGE_STATE.UNDELIVERABLE,
    // A command_status of 0 means that no SMSC refused the message, so its fate is uncertain. For
    // example, the link was lost before the answer arrived.
    rank: event.commandStatus === 0 ? RANK_UNCERTAIN : RANK_REFUSED,
    error: event.reason,
    commandStatus: event.commandStatus,
  }
}

function upstreamIdRow(event: SubmittedEvent, fact: MessageFacts): UpstreamIdRow {
  return {
    connector: event.connector,
    key: upstreamIdKey(event),
    upstreamId: event.upstreamId,
    segment: event.segment,
    messageId: fact.messageId,
    account: fact.account,
    destination: comparableNumber(fact.destinationAddr),
    submittedAtMs: event.atMs,
    attempts: fact.attempts,
  }
}
