// Reads the contents of the outbox for traces and metrics.

import type { Database } from '../database/database.ts'
import { firstIdOfDay, type MessageId } from '../message/ids.ts'

/** A step in the delivery of a message's receipt to the customer. */
export interface DeliveryStep {
  kind: 'pending' | 'acknowledged'
  /** The user who acknowledged the delivery, or the state of an unacknowledged delivery. */
  detail: string
  attempts: number
  at: Date
  command_status: string | null
}

const STEPS = {
  name: 'outbox.steps',
  text: `select 'pending' as kind, state as detail, attempts, created_at as at, command_status
      from outbox where message_id = $1
    union all
    select 'acknowledged', user_id, 0, acknowledged_at, null
      from outbox_acknowledged where message_id = $1
    union all
    select 'acknowledged', user_id, 0, acknowledged_at, null from acknowledged_chunks
      where message_id between $4 and $1 and last_id >= $1
        and position(uuid_send($1) in message_ids) > 0
    union all
    select 'pending', 'pending', 0, created_at, null from outbox_chunks as chunk
      where account = $2 and user_id = $3 and position(uuid_send($1) in payload) > 0`,
}

/**
 * Reads the delivery steps of a message's receipts. The query searches all chunks that wait for the
 * user. Each chunk has up to 250 deliveries.
 */
export function readDeliverySteps(
  database: Database,
  message: { readonly id: MessageId; readonly account: string; readonly user: string },
): Promise<DeliveryStep[]> {
  const { account, id, user } = message
  // All ids in one row of acknowledgements belong to the same day, so the search starts there.
  return database.run<DeliveryStep>(STEPS, [id, account, user, firstIdOfDay(id)])
}

export interface OutboxBacklog {
  pending: number
  oldestAgeSeconds: number
}

/** Up to this number, chunks and rows are counted. A higher number is estimated. */
const COUNTED_MAX = 10_000

const BACKLOG = {
  name: 'outbox.backlog',
  // A sum is a bigint, which the driver returns as text, so the result is cast to float8. The
  // estimate comes from the last analyze, which autovacuum runs whenever 2 % of the rows have
  // changed.
  text: `with chunks as materialized (
      select deliveries, created_at from outbox_chunks order by id limit ${COUNTED_MAX}),
    counted as (
      select count(*) as number, coalesce(sum(deliveries), 0) as deliveries from chunks),
    alone as (select count(*) as number from (
      select from outbox where state = 'pending' limit ${COUNTED_MAX}) as first),
    estimate as (select
      (select reltuples from pg_class where oid = 'outbox_chunks'::regclass) as chunks,
      (select reltuples from pg_class where oid = 'outbox_due_of_user'::regclass) as alone),
    oldest as (
      (select created_at from outbox_chunks order by expires_at limit 1)
      union all
      (select created_at from outbox where state = 'pending' order by expires_at limit 1))
    select (case when counted.number < ${COUNTED_MAX} then counted.deliveries
        else greatest(counted.number, estimate.chunks) * counted.deliveries / counted.number end
      + case when alone.number < ${COUNTED_MAX} then alone.number
        else greatest(alone.number, estimate.alone) end)::float8 as pending,
      (select coalesce(extract(epoch from now() - min(created_at)), 0) from oldest)::float8
        as "oldestAgeSeconds"
    from counted, alone, estimate`,
}

export async function readOutboxBacklog(run: Database['run']): Promise<OutboxBacklog> {
  const [row] = await run<OutboxBacklog>(BACKLOG)
  return row ?? { pending: 0, oldestAgeSeconds: 0 }
}
