// Deliveries to customers: one logical queue per user, in an account. A row is written with the
// state change it tells of, in one transaction. It ends acknowledged, refused or expired; the last
// two stay visible.

import { type MessageId, timeOf } from '../message/ids.ts'
import { type Database, QueryRefused } from '../database/database.ts'
import { ensurePartitionsFor, NO_PARTITION } from '../database/partitionTable.ts'

export const OUTBOX_TOPIC = 'outbox'

export interface OutboxEntry {
  account: string
  /** The user that submitted the message. */
  user: string
  messageId: MessageId
  /** A deliver_sm body (SMPP 3.4 §4.6.1). */
  deliverSm: Buffer
  expiresAtMs: number
}

const ADD = {
  name: 'outbox.add',
  text: `insert into outbox (account, user_id, message_id, deliver_sm, expires_at)
    select account, user_id, message_id, deliver_sm, to_timestamp(expires_at / 1000.0)
    from unnest($1::text[], $2::text[], $3::uuid[], $4::bytea[], $5::float8[])
      as entry (account, user_id, message_id, deliver_sm, expires_at)`,
}

export async function addToOutbox(
  run: Database['run'],
  entries: readonly OutboxEntry[],
): Promise<void> {
  if (entries.length === 0) return
  await run(ADD, [
    entries.map((entry) => entry.account),
    entries.map((entry) => entry.user),
    entries.map((entry) => entry.messageId),
    entries.map((entry) => entry.deliverSm),
    entries.map((entry) => entry.expiresAtMs),
  ])
}

export interface OutboxRow {
  id: string
  account: string
  /** Null only if the row and its message were written by hand. */
  user_id: string | null
  message_id: MessageId
  deliver_sm: Buffer
  attempts: number
}

/** Room for deliveries to one user, or to anybody of an account. */
export interface OutboxDemand {
  readonly account: string
  /** Undefined for the whole account. */
  readonly user: string | undefined
  readonly room: number
}

const CLAIM = {
  name: 'outbox.claim',
  text: `with next as (
      select row.id
      from unnest($1::text[], $2::text[], $3::int[]) as wanted (account, user_id, room)
      cross join lateral (
        select id from outbox as o
        where o.account = wanted.account and o.user_id = wanted.user_id
          and o.state = 'pending' and o.visible_at <= now()
        order by o.id limit wanted.room for update skip locked) as row
      union all
      select row.id
      from unnest($1::text[], $2::text[], $3::int[]) as wanted (account, user_id, room)
      cross join lateral (
        select id from outbox as o
        where o.account = wanted.account and wanted.user_id is null
          and o.state = 'pending' and o.visible_at <= now()
        order by o.id limit wanted.room for update skip locked) as row
      limit $6)
    update outbox as o
      set visible_at = now() + $4 * interval '1 ms', attempts = o.attempts + 1, leased_by = $5
    where o.id = any(array(select id from next))
    returning o.id, o.account, o.user_id, o.message_id, o.deliver_sm, o.attempts`,
}

/**
 * Leases up to `room` deliveries for each user, oldest first, and `max` in all: rows count against
 * it, not room, so users with room and nothing to deliver cost nobody.
 */
export async function claimOutbox(
  database: Database,
  demands: readonly OutboxDemand[],
  leaseMs: number,
  instance: string,
  max = 1000,
): Promise<OutboxRow[]> {
  const rows = await database.run<OutboxRow>(CLAIM, [
    demands.map((one) => one.account),
    demands.map((one) => one.user ?? null),
    demands.map((one) => one.room),
    leaseMs,
    instance,
    max,
  ])
  return rows.toSorted((a, b) => a.id.length - b.id.length || (a.id < b.id ? -1 : 1))
}

const RECLAIM = {
  name: 'outbox.reclaim',
  text: `update outbox set visible_at = now()
    where state = 'pending' and leased_by = $1 and visible_at > now()
      and id <> all($2::bigint[])`,
}

/**
 * What this instance claimed and does not have in hand may be claimed again at once: what a former
 * process of the same name held, and what was claimed by a request whose answer was lost.
 */
export async function reclaimOutbox(
  database: Database,
  instance: string,
  inHand: readonly string[],
): Promise<void> {
  await database.run(RECLAIM, [instance, inHand])
}

export type OutboxOutcome =
  | { kind: 'acknowledged'; id: string; user: string }
  | { kind: 'refused'; id: string; commandStatus: number }
  | { kind: 'retry'; id: string; delayMs: number }

const ACKNOWLEDGE = {
  name: 'outbox.acknowledge',
  text: `with gone as (
      delete from outbox as o using unnest($1::bigint[], $2::text[]) as ack (id, user_id)
      where o.id = any($1::bigint[]) and o.id = ack.id returning o.message_id, o.id, ack.user_id)
    insert into outbox_acknowledged (message_id, outbox_id, user_id)
      select message_id, id, user_id from gone`,
}
const REFUSE = {
  name: 'outbox.refuse',
  text: `update outbox as o set state = 'refused', command_status = refusal.status, ended_at = now()
    from unnest($1::bigint[], $2::bigint[]) as refusal (id, status)
    where o.id = any($1::bigint[]) and o.id = refusal.id`,
}
const RETRY = {
  name: 'outbox.retry',
  text: `update outbox as o set visible_at = now() + again.delay * interval '1 ms'
    from unnest($1::bigint[], $2::float8[]) as again (id, delay)
    where o.id = any($1::bigint[]) and o.id = again.id`,
}

const MESSAGES_OF = {
  name: 'outbox.messagesOf',
  text: 'select message_id from outbox where id = any($1::bigint[])',
}

async function acknowledge(
  database: Database,
  acknowledged: readonly Extract<OutboxOutcome, { kind: 'acknowledged' }>[],
): Promise<void> {
  const ids = acknowledged.map((one) => one.id)
  const columns = [ids, acknowledged.map((one) => one.user)]
  try {
    await database.run(ACKNOWLEDGE, columns)
  } catch (error) {
    if (!(error instanceof QueryRefused && error.sqlState === NO_PARTITION)) throw error
    const rows = await database.run<{ message_id: MessageId }>(MESSAGES_OF, [ids])
    await ensurePartitionsFor(
      database,
      rows.map((row) => timeOf(row.message_id)),
    )
    await database.run(ACKNOWLEDGE, columns)
  }
}

export async function settleOutbox(
  database: Database,
  outcomes: readonly OutboxOutcome[],
): Promise<void> {
  const acknowledged = outcomes.filter((outcome) => outcome.kind === 'acknowledged')
  const refused = outcomes.filter((outcome) => outcome.kind === 'refused')
  const retry = outcomes.filter((outcome) => outcome.kind === 'retry')
  if (acknowledged.length > 0) await acknowledge(database, acknowledged)
  if (refused.length > 0)
    await database.run(REFUSE, [
      refused.map((one) => one.id),
      refused.map((one) => one.commandStatus),
    ])
  if (retry.length > 0)
    await database.run(RETRY, [retry.map((one) => one.id), retry.map((one) => one.delayMs)])
}

const EXPIRE = {
  name: 'outbox.expire',
  text: `update outbox set state = 'expired', ended_at = now()
    where id in (select id from outbox where state = 'pending' and expires_at <= now() limit 1000)
    returning id`,
}

/** Ends what waited too long; returns how many. */
export async function expireOutbox(database: Database): Promise<number> {
  return (await database.run(EXPIRE)).length
}

/** How a message's receipt fared on its way to the customer. */
export interface DeliveryStep {
  kind: 'pending' | 'acknowledged'
  /** The state of a row that is still there, or the user who acknowledged it. */
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
      from outbox_acknowledged where message_id = $1`,
}

export function readDeliverySteps(
  database: Database,
  messageId: MessageId,
): Promise<DeliveryStep[]> {
  return database.run<DeliveryStep>(STEPS, [messageId])
}

export interface OutboxBacklog {
  pending: number
  oldestAgeSeconds: number
}

const BACKLOG = {
  name: 'outbox.backlog',
  // count() is a bigint, which `pg` hands out as text: the casts make numbers of it.
  text: `select count(*)::float8 as pending,
      coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as "oldestAgeSeconds"
    from outbox where state = 'pending'`,
}

export async function readOutboxBacklog(run: Database['run']): Promise<OutboxBacklog> {
  const [row] = await run<OutboxBacklog>(BACKLOG)
  return row ?? { pending: 0, oldestAgeSeconds: 0 }
}
