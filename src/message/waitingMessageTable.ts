import assert from 'node:assert'
import type { Database } from '../database/database.ts'

// Messages that wait for another attempt lie here, not in a process: as envelopes, with the queue
// they return to and the time. Each envelope has its id from the start, so that it can be put here
// any number of times and still exists once.
//
// An envelope leaves in three steps, and a process can stop between any two of them for any time:
// 1. A process claims the row: it is marked as leaving from now on. One that is leaving already can
//    be claimed when its former claim has ended.
// 2. While its claim lasts, the process publishes the envelope, under the envelope's id, which the
//    queue takes once as long as it remembers the id.
// 3. It removes the row if nobody has claimed it since.
// So only the last claimant can publish, and the row tells that the queue must remember the id.
// Whoever else removes or changes rows here must leave those alone that are leaving.

export interface LaterEntry {
  envelopeId: string
  dueAtMs: number
  queue: string
  payload: Buffer
  messages: number
}

const PUT = {
  name: 'later.put',
  // By the clock of the database, which says when it is due: the writer's may differ.
  text: `insert into later (envelope_id, due_at, queue, payload, messages)
    select id, now() + in_ms * interval '1 ms', queue, payload, messages
    from unnest($1::uuid[], $2::float8[], $3::text[], $4::bytea[], $5::int[])
      as entry (id, in_ms, queue, payload, messages)
    on conflict do nothing`,
}

/** @param nowMs by the clock that set the times of the entries */
export async function putLater(
  run: Database['run'],
  entries: readonly LaterEntry[],
  nowMs = Date.now(),
): Promise<void> {
  if (entries.length === 0) return
  await run(PUT, [
    entries.map((entry) => entry.envelopeId),
    entries.map((entry) => entry.dueAtMs - nowMs),
    entries.map((entry) => entry.queue),
    entries.map((entry) => entry.payload),
    entries.map((entry) => entry.messages),
  ])
}

// Each queue with rows that may leave has the same share, so that none waits behind another's
// backlog. A claim is in whole milliseconds, so that it is the same when it comes back from
// JavaScript. `bounded` has the name of each queue and the first and last times that are due.
const CLAIM_BOUNDED = `
    ready as materialized (
      select name, due_from, due_until from bounded, lateral (
        select from later where queue = name and due_at >= due_from and due_at <= due_until
        order by due_at limit 1) as first),
    share as (select greatest(1, $1::int / greatest(1, count(*)))::int as size from ready),
    due as (
      select taken.envelope_id from ready, lateral (
        select envelope_id from later, claim
        where queue = ready.name and due_at >= ready.due_from and due_at <= ready.due_until
          and (leaving_at is null or leaving_at < claim.at - $2 * interval '1 ms')
        order by due_at limit (select size from share) for update of later skip locked) as taken)
    update later
    set leaving_at = claim.at, due_at = case when due_at > now() then claim.at else due_at end
    from claim where envelope_id = any(array(select envelope_id from due))
    returning envelope_id as "envelopeId", queue, payload, messages, due_at as "dueAt",
      leaving_at as "claimedAt"`

const CLAIM = {
  name: 'later.claim',
  // `queues` walks from one queue to the next by the index, over no row between them.
  text: `with recursive claim as (select date_trunc('milliseconds', now()) as at),
    queues (name) as (
      (select queue from later order by queue limit 1)
      union all
      select next.queue from queues, lateral (
        select queue from later where queue > queues.name order by queue limit 1) as next),
    bounded as (
      select name, '-infinity'::timestamptz as due_from,
        case when name = any($3::text[]) then 'infinity' else now() end as due_until
      from queues), ${CLAIM_BOUNDED}`,
}

const CLAIM_NEXT = {
  name: 'later.claimNext',
  text: `with claim as (select date_trunc('milliseconds', now()) as at),
    bounded as (
      select name, to_timestamp(from_ms / 1000) as due_from,
        case when name = any($3::text[]) then 'infinity' else now() end as due_until
      from unnest($4::text[], $5::float8[]) as place (name, from_ms)), ${CLAIM_BOUNDED}`,
}

export type LeavingEntry = Omit<LaterEntry, 'dueAtMs'> & {
  dueAt: Date
  /** The database's time. */
  claimedAt: Date
}

/**
 * Claims about `max` envelopes that are due for so long: the same number from each queue. No other
 * process has a claim on them meanwhile.
 *
 * @param clearedQueues whatever waits to return to these is due now
 */
export function claimDue(
  database: Database,
  max: number,
  claimMs: number,
  clearedQueues: readonly string[] = [],
): Promise<LeavingEntry[]> {
  return database.run<LeavingEntry>(CLAIM, [max, claimMs, clearedQueues])
}

/**
 * Claims from these queues only, and from each one what was due no earlier than at this time, ms
 * since the epoch. While a report holds an old snapshot, a look from the start passes over every
 * row that has left since: 85 ms after 125,000 of them.
 */
export function claimNext(
  database: Database,
  max: number,
  claimMs: number,
  clearedQueues: readonly string[],
  from: ReadonlyMap<string, number>,
): Promise<LeavingEntry[]> {
  return database.run<LeavingEntry>(CLAIM_NEXT, [
    max,
    claimMs,
    clearedQueues,
    [...from.keys()],
    [...from.values()],
  ])
}

const REMOVE = {
  name: 'later.remove',
  text: `delete from later using unnest($1::uuid[], $2::float8[]) as left_at (id, claimed_ms)
    where envelope_id = any($1::uuid[]) and envelope_id = left_at.id
      and leaving_at = to_timestamp(left_at.claimed_ms / 1000)`,
}

/** Removes envelopes that are on their queue; those that were claimed again are left to that. */
export async function removeLeft(database: Database, entries: readonly LeavingEntry[]) {
  if (entries.length === 0) return
  await database.run(REMOVE, [
    entries.map(({ envelopeId }) => envelopeId),
    entries.map(({ claimedAt }) => claimedAt.getTime()),
  ])
}

const LEAVING = {
  name: 'later.leaving',
  text: `select now() as "asOf", array(
      select envelope_id::text from later where due_at <= now() and leaving_at is not null
    ) as "envelopeIds"`,
}

export interface LeavingEnvelopes {
  /** When the database was asked, by its own clock. */
  asOf: Date
  envelopeIds: string[]
}

/** The envelopes whose ids the queue must remember. */
export async function leavingEnvelopes(database: Database): Promise<LeavingEnvelopes> {
  const [row] = await database.run<LeavingEnvelopes>(LEAVING)
  assert(row, 'a select without a from has one row')
  return row
}

// Each statement that adds or removes rows writes by how many messages (migration 0021), so nothing
// here reads the rows themselves, of which there may be millions. sum() is a bigint, which `pg`
// hands out as text: the casts make numbers of it.
const COUNT = {
  name: 'later.count',
  text: 'select coalesce(sum(messages), 0)::float8 as messages from later_counts',
}
const COUNT_OF = {
  name: 'later.countOf',
  text: `select coalesce(sum(messages), 0)::float8 as messages from later_counts
    where queue = any($1::text[])`,
}

/** Messages that wait for another attempt, of these queues or of all. */
export async function countWaiting(
  run: Database['run'],
  queues?: readonly string[],
): Promise<number> {
  const statement = queues ? COUNT_OF : COUNT
  const [row] = await run<{ messages: number }>(statement, queues ? [queues] : [])
  return row?.messages ?? 0
}

const COUNT_BY_QUEUE = {
  name: 'later.countByQueue',
  text: `select queue, sum(messages)::float8 as messages from later_counts group by queue`,
}

/** Waiting messages by the queue to which they return. */
export async function countWaitingByQueue(
  run: Database['run'],
): Promise<ReadonlyMap<string, number>> {
  const rows = await run<{ queue: string; messages: number }>(COUNT_BY_QUEUE)
  return new Map(rows.map(({ messages, queue }) => [queue, messages]))
}

const FOLD = {
  name: 'later.fold',
  // In one statement, so that a count sees all of it or nothing.
  text: `with long as (select queue from later_counts group by queue having count(*) > $1),
    old as (
      select id from later_counts where queue in (select queue from long)
      order by id limit $2 for update skip locked),
    gone as (
      delete from later_counts where id = any(array(select id from old))
      returning queue, messages)
    insert into later_counts (queue, messages)
      select queue, sum(messages) from gone group by queue having sum(messages) <> 0`,
}
const COUNTS_OF_A_QUEUE_MAX = 100
const FOLDED_MAX = 20_000

/** Adds the counts of a queue up once it has many. */
export async function foldWaitingCounts(database: Database): Promise<void> {
  await database.run(FOLD, [COUNTS_OF_A_QUEUE_MAX, FOLDED_MAX])
}
