// Messages and their states. Only the dlr-processor writes to this table. It makes each call inside
// one of its own transactions, may repeat a call, and may make the calls in any order. Facts about
// a message are added and never removed. A state is replaced only by a state of higher rank
// (messageProgress.ts), or if another copy of the message was delivered.

import type { MessageId } from './ids.ts'
import type { MessageState } from './messageProgress.ts'
import type { MessageFacts, Move, Transition, Transitioned } from './stateChanges.ts'
import type { Database } from '../database/database.ts'
import { LAST_SUBMISSION } from './upstreamIdTable.ts'

type Run = Database['run']

const RECORD = {
  name: 'messages.record',
  text: `insert into messages as m (message_id, account, user_id, connector, source_addr,
      destination_addr, submit_sm, registered_delivery, state, state_rank, attempts, accepted_at)
    select message_id, account, user_id, connector, source_addr, destination_addr, submit_sm,
      registered_delivery, 1, 1, attempts, to_timestamp(accepted_at / 1000.0)
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
      $7::bytea[], $8::int[], $9::float8[], $10::int[])
      as fact (message_id, account, user_id, connector, source_addr, destination_addr, submit_sm,
        registered_delivery, accepted_at, attempts)
    on conflict (message_id) do update set attempts = excluded.attempts
    where excluded.attempts > m.attempts`,
}

/**
 * Creates missing rows of messages, and raises the number of attempts in existing rows.
 * @param facts at most one entry per message
 */
export async function recordFacts(run: Run, facts: readonly MessageFacts[]): Promise<void> {
  if (facts.length === 0) return
  await run(RECORD, [
    facts.map((fact) => fact.messageId),
    facts.map((fact) => fact.account),
    facts.map((fact) => fact.user),
    facts.map((fact) => fact.connector),
    facts.map((fact) => fact.sourceAddr),
    facts.map((fact) => fact.destinationAddr),
    facts.map((fact) => fact.submitSm),
    facts.map((fact) => fact.registeredDelivery),
    facts.map((fact) => fact.acceptedAtMs),
    facts.map((fact) => fact.attempts),
  ])
}

const MOVE = {
  name: 'messages.move',
  text: `update messages as m set moved_at = t.moved_at,
      moved_from = coalesce(m.moved_from, t.moved_from), connector = t.moved_to
    from (select id, from_id as moved_from, to_id as moved_to,
        to_timestamp(at_ms / 1000.0) as moved_at
      from unnest($1::uuid[], $2::text[], $3::text[], $4::float8[])
        as given (id, from_id, to_id, at_ms)) as t
    where m.message_id = t.id and (m.moved_at is null or m.moved_at < t.moved_at)`,
}

/**
 * Records moves in rows that already exist.
 * @param moves at most one entry per message
 */
export async function recordMoves(run: Run, moves: readonly Move[]): Promise<void> {
  if (moves.length === 0) return
  await run(MOVE, [
    moves.map((move) => move.messageId),
    moves.map((move) => move.from),
    moves.map((move) => move.to),
    moves.map((move) => move.atMs),
  ])
}

const TRANSITION = {
  name: 'messages.transition',
  text: `update messages as m set state = t.state, state_rank = t.state_rank, error = t.error,
      command_status = t.command_status, done_at = to_timestamp(t.done_at / 1000.0),
      stat = t.stat, ended_by = t.ended_by
    from unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::bigint[], $6::float8[],
      $7::text[], $8::text[])
      as t (message_id, state, state_rank, error, command_status, done_at, stat, ended_by)
    where m.message_id = t.message_id
      and (m.state_rank < t.state_rank and (t.state = 2 or m.state not in (3, 5))
      or m.state_rank = t.state_rank and m.state <> 2 and t.state = 2 and m.ended_by <> t.ended_by)
    returning m.message_id, m.account, m.user_id, m.registered_delivery, m.submit_sm, m.state,
      m.error, t.command_status::float8 as command_status,
      (extract(epoch from m.accepted_at) * 1000)::float8 as accepted_at_ms,
      t.done_at as done_at_ms`,
}

/**
 * Applies the transitions that rank above the present state of their message, and returns them.
 *
 * If an SMSC got two copies of a message, a copy that was delivered (state 2) overrides the state
 * of the other copy. For each copy, the first final state is kept. An EXPIRED or UNDELIVERABLE
 * state (3 or 5) that ranks below RANK_FINAL was decided by the gateway and not by a receipt. The
 * customer already knows that this message failed, and gets another receipt only if it was
 * delivered after all.
 * @param transitions at most one per message
 */
export function applyTransitions(
  run: Run,
  transitions: readonly Transition[],
): Promise<Transitioned[]> {
  if (transitions.length === 0) return Promise.resolve([])
  return run<Transitioned>(TRANSITION, [
    transitions.map((one) => one.messageId),
    transitions.map((one) => one.state),
    transitions.map((one) => one.rank),
    transitions.map((one) => one.error),
    transitions.map((one) => one.commandStatus ?? null),
    transitions.map((one) => one.doneAtMs),
    transitions.map((one) => one.stat ?? null),
    transitions.map((one) => one.endedBy ?? null),
  ])
}

export interface MessageStatus {
  message_id: MessageId
  account: string
  source_addr: string
  destination_addr: string
  state: MessageState
  error: string | null
  accepted_at: Date
  submitted_at: Date | null
  done_at: Date | null
}

const STATUS = {
  name: 'messages.status',
  // Older versions also wrote submissions into the row of the message.
  text: `select m.message_id, m.account, m.source_addr, m.destination_addr, m.state, m.error,
      m.accepted_at, coalesce(s.submitted_at, m.submitted_at) as submitted_at, m.done_at
    from messages as m left join lateral (${LAST_SUBMISSION}) as s on true
    where m.message_id = $1 and m.account = $2`,
}

export async function readStatus(
  database: Database,
  messageId: MessageId,
  account: string,
): Promise<MessageStatus | undefined> {
  const [row] = await database.run<MessageStatus>(STATUS, [messageId, account])
  return row
}

/**
 * A message with all its stored facts. `connector` is the last connector that submitted the
 * message. If the message was never submitted, `connector` is the connector to which the message
 * was routed or moved.
 */
export interface StoredMessage extends MessageStatus {
  user_id: string
  connector: string
  upstream_id: string | null
  stat: string | null
  attempts: number
  moved_at: Date | null
  moved_from: string | null
}

const READ = {
  name: 'messages.read',
  text: `select m.message_id, m.account, m.user_id, coalesce(s.connector, m.connector) as connector,
      m.source_addr, m.destination_addr, m.state, m.error, m.stat,
      coalesce(s.upstream_id, m.upstream_id) as upstream_id,
      greatest(s.attempts, m.attempts) as attempts, m.accepted_at,
      coalesce(s.submitted_at, m.submitted_at) as submitted_at, m.done_at, m.moved_at, m.moved_from
    from messages as m left join lateral (${LAST_SUBMISSION}) as s on true
    where m.message_id = $1`,
}

export async function readMessage(
  database: Database,
  messageId: MessageId,
): Promise<StoredMessage | undefined> {
  const [row] = await database.run<StoredMessage>(READ, [messageId])
  return row
}
