// Changes to the stored messages: facts about messages, upstream ids (the message ids that SMSCs
// assigned) and state transitions. Events and receipts are converted into changes, and several
// changes to one row are merged. Only the dlr-processor writes changes, in one transaction per
// batch.

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
  /** The facts about the messages in `upstreamIds`. Needed for messages that have no row yet. */
  submittedFacts: readonly MessageFacts[]
  transitions: readonly Transition[]
  moves: readonly Move[]
  attempts: readonly MessageAttempt[]
}

/** The facts that are needed to create the row of a message. */
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
  /** The error exactly as the SMSC wrote it, or the gateway's own reason. */
  error: string
  commandStatus: number | undefined
  /** The receipt's `stat:` value, if its meaning is unknown. */
  stat: string | undefined
  /**
   * The lookup key of the upstream id in the receipt, if a receipt reported the state. Each copy of
   * a message that an SMSC received has its own key.
   */
  endedBy: string | undefined
  doneAtMs: number
}

/** A transition that was applied, with the fields that the customer's receipt needs. */
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
  /**
   * The lookup key of the id that the SMSC assigned (upstreamIdKey.ts); '' if it assigned no id.
   */
  key: string
  /** The id exactly as the SMSC wrote it. */
  upstreamId: UpstreamId
  segment: number
  messageId: MessageId
  account: string
  /** The subscriber's number, in the form that receiptMatch.ts compares. */
  destination: string
  /** When the message was written to the socket. */
  submittedAtMs: number
  /** The number of earlier attempts. */
  attempts: number
}

/** Extracts the facts about a message that was accepted for this connector. */
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

/**
 * Merges facts into one entry per message. The entries are sorted by id, so that all writers lock
 * rows in the same order.
 */
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

/**
 * Merges the moves of each message into one, from the first source to the last target. The moves
 * are sorted by message id.
 */
export function lastMoves(moves: readonly Move[]): Move[] {
  const last = new Map<MessageId, Move>()
  for (const move of moves.toSorted((a, b) => a.atMs - b.atMs)) {
    const from = last.get(move.messageId)?.from ?? move.from
    last.set(move.messageId, { ...move, from })
  }
  return sortedById([...last.values()])
}

/**
 * Returns the transition of highest rank for each message, sorted by message id. If two copies of a
 * message ended differently, a delivery overrides the other state.
 */
export function highestPerMessage(transitions: readonly Transition[]): Transition[] {
  const highest = new Map<MessageId, Transition>()
  for (const transition of transitions) {
    const known = highest.get(transition.messageId)
    if (!known || yieldsTo(known, transition)) highest.set(transition.messageId, transition)
  }
  return sortedById([...highest.values()])
}

/**
 * Whether `next` replaces `known`. The SQL in messageTable.ts applies the same rule to the stored
 * state of a message.
 */
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
