// Changes to write about messages: facts, upstream ids and transitions of state, and how several of
// them meet in one row. Events and receipts become changes. Only the dlr-processor writes them, one
// transaction per batch.

import { decodeBody } from '../smpp/wire/codec.ts'
import type { MessageId, UpstreamId } from './ids.ts'
import { MESSAGE_STATE } from '../smpp/receipts/messageState.ts'
import type { MessageAttempt } from './messageAttempt.ts'
import { type MessageState, rankOf } from './messageProgress.ts'
import type { EnvelopeMessage } from './messageWire.ts'
import type { UpstreamReceipt } from './receiptWire.ts'
import { upstreamIdKey } from './upstreamIdKey.ts'

export interface StateChanges {
  facts: readonly MessageFacts[]
  upstreamIds: readonly UpstreamIdRow[]
  /** About the messages in `upstreamIds`, for those that have no row yet. */
  submittedFacts: readonly MessageFacts[]
  transitions: readonly Transition[]
  moves: readonly Move[]
  attempts: readonly MessageAttempt[]
}

/** Facts about a message, enough to create its row. */
export interface MessageFacts {
  messageId: MessageId
  account: string
  user: string
  connector: string
  sourceAddr: string
  destinationAddr: string
  submitSm: Buffer
  registeredDelivery: number
  acceptedAtMs: number
  attempts: number
}

/** A message that an operator moved from one connector to another. */
export interface Move {
  messageId: MessageId
  from: string
  to: string
  atMs: number
}

export interface Transition {
  messageId: MessageId
  state: MessageState
  rank: number
  /** The error as the SMSC wrote it, or our reason. */
  error: string
  commandStatus: number | undefined
  /** The word of a receipt whose meaning nobody knows. */
  stat: string | undefined
  /** The key of the SMSC's id, if a receipt says so: it tells the copies of a message apart. */
  endedBy: string | undefined
  doneAtMs: number
}

/** A transition that took place, with what a receipt to the customer needs. */
export interface Transitioned {
  message_id: MessageId
  account: string
  user_id: string
  registered_delivery: number
  submit_sm: Buffer
  accepted_at_ms: number
  state: MessageState
  error: string
  command_status: number | null
  done_at_ms: number
}

/** One submission of a message. */
export interface UpstreamIdRow {
  connector: string
  /** The SMSC's id by the connector's rule (upstreamIdKey.ts); '' if it gave none. */
  key: string
  /** As the SMSC wrote it. */
  upstreamId: UpstreamId
  segment: number
  messageId: MessageId
  account: string
  /** As receiptMatch.ts compares it. */
  destination: string
  /** The time of the write to the socket. */
  submittedAtMs: number
  /** Attempts before this one. */
  attempts: number
}

/** The facts about a message that was accepted for a connector. */
export function factsOf(message: EnvelopeMessage, connector: string): MessageFacts {
  const submitSm = decodeBody('submit_sm', message.body)
  return {
    messageId: message.messageId,
    account: message.account,
    user: message.user,
    connector,
    sourceAddr: submitSm.source_addr,
    destinationAddr: submitSm.destination_addr,
    submitSm: message.body,
    registeredDelivery: message.registeredDelivery,
    acceptedAtMs: message.acceptedAtMs,
    attempts: message.attempts,
  }
}

/** The transition that a receipt reports. */
export function transitionOf(
  messageId: MessageId,
  receipt: Omit<UpstreamReceipt, 'message'>,
): Transition {
  return {
    messageId,
    state: receipt.messageState,
    rank: rankOf(receipt.messageState),
    error: receipt.error,
    commandStatus: undefined,
    stat: receipt.stat,
    endedBy: upstreamIdKey(receipt),
    doneAtMs: receipt.receivedAtMs,
  }
}

/** One entry per message, in the order of ids, so that all writers lock rows in the same order. */
export function byMessage(facts: readonly MessageFacts[]): MessageFacts[] {
  const merged = new Map<MessageId, MessageFacts>()
  for (const fact of facts) {
    const known = merged.get(fact.messageId)
    if (!known) merged.set(fact.messageId, fact)
    else if (fact.attempts > known.attempts)
      merged.set(fact.messageId, { ...known, attempts: fact.attempts })
  }
  return sortedById([...merged.values()])
}

/** The last move of each message, in the order of ids. It began where the first one did. */
export function lastMoves(moves: readonly Move[]): Move[] {
  const last = new Map<MessageId, Move>()
  for (const move of moves.toSorted((a, b) => a.atMs - b.atMs)) {
    const from = last.get(move.messageId)?.from ?? move.from
    last.set(move.messageId, { ...move, from })
  }
  return sortedById([...last.values()])
}

/**
 * The transition of highest rank for each message, in the order of ids. Of two copies that ended
 * differently, the one that was delivered counts.
 */
export function highestPerMessage(transitions: readonly Transition[]): Transition[] {
  const highest = new Map<MessageId, Transition>()
  for (const transition of transitions) {
    const known = highest.get(transition.messageId)
    if (!known || yieldsTo(known, transition)) highest.set(transition.messageId, transition)
  }
  return sortedById([...highest.values()])
}

/** As the statement in messageTable.ts has it for the present state of a row. */
function yieldsTo(known: Transition, next: Transition): boolean {
  const { DELIVERED, EXPIRED, UNDELIVERABLE } = MESSAGE_STATE
  const isFailure = known.state === EXPIRED || known.state === UNDELIVERABLE
  if (next.rank !== known.rank)
    return next.rank > known.rank && (next.state === DELIVERED || !isFailure)
  const isOtherCopy = known.endedBy !== undefined && known.endedBy !== next.endedBy
  return isOtherCopy && next.state === DELIVERED && known.state !== DELIVERED
}

function sortedById<Row extends { messageId: MessageId }>(rows: Row[]): Row[] {
  return rows.sort((a, b) => (a.messageId < b.messageId ? -1 : 1))
}
